/** The token that one of the visitors holds, and what the room is told because of it. */
export function Inspector({ room }: { readonly room: string }) {
  return (
    <section class="card inspector" aria-labelledby="inspector-title" data-card="inspector">
      <header class="inspector-head">
        <h2 id="inspector-title">Look inside</h2>
        <fieldset class="switch" data-part="whose" hidden>
          <legend class="unseen">Whose token to show</legend>
          <label>
            <input type="radio" name="whose" value="left" checked />
            <span data-part="left-name">First</span>
          </label>
          <label>
            <input type="radio" name="whose" value="right" />
            <span data-part="right-name">Second</span>
          </label>
        </fieldset>
      </header>
      <div class="try" data-part="nobody">
        <p class="hint">A token appears here, decoded, as soon as somebody signs in. Try this:</p>
        <ol>
          <li>Sign in as alice on the left and as bob on the right.</li>
          <li>Say something. Both see who said it, and neither can say it as the other.</li>
          <li>Connect without a token, and read why the door stayed closed.</li>
          <li>Reconnect: every connection starts with a fresh token.</li>
        </ol>
      </div>
      <div data-part="somebody" hidden>
        <div class="lifetime">
          <h3>The token</h3>
          <p role="timer" data-part="time-left"></p>
          <progress aria-label="Time left" data-part="time-left-bar"></progress>
        </div>
        <pre data-part="header" aria-label="Header"></pre>
        <pre data-part="claims" aria-label="Claims"></pre>
        <div class="room-head">
          <h3>What the room sees</h3>
          <button type="button" class="quiet" data-part="ask">
            Ask again
          </button>
        </div>
        <p class="hint">
          Its answer to <code>GET {`/party/${room}`}</code>. No token reached it.
        </p>
        <pre data-part="seen" aria-label="The room's answer"></pre>
      </div>
    </section>
  )
}
