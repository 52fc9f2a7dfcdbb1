/** The card that tries to get in without a good token. */
export function Knock() {
  return (
    <section class="card knock" aria-labelledby="knock-title" data-card="knock">
      <h2 id="knock-title">Knock without a good token</h2>
      <p class="hint">
        Browsers hide why a handshake failed. So Portico accepts it and closes at once, with a code
        that the page can read. The room is never asked.
      </p>
      <div class="actions">
        <button type="button" class="primary" data-part="bare">
          Connect without a token
        </button>
        <button type="button" class="plain" data-part="forged">
          Forge a token
        </button>
      </div>
      <div class="verdict" role="status" data-part="verdict" hidden>
        <p class="verdict-code">
          <span data-part="close-code"></span>
          <code data-part="reason"></code>
        </p>
        <p class="hint" data-part="meaning"></p>
      </div>
    </section>
  )
}
