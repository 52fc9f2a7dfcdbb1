interface ChatPaneProps {
  readonly id: string
  /** The heading until somebody signs in. */
  readonly title: string
  /** Whose button comes first. */
  readonly suggested: 'alice' | 'bob'
  readonly canMint: boolean
}

export function ChatPane({ id, title, suggested, canMint }: ChatPaneProps) {
  const titleId = `${id}-title`
  return (
    <section class="card pane" aria-labelledby={titleId} data-pane={id} data-state="signed-out">
      <header class="pane-head">
        <div>
          <h2 id={titleId} data-part="name" data-title={title}>
            {title}
          </h2>
          <p class="status" role="status" data-part="status">
            Not signed in
          </p>
        </div>
        <div class="actions" data-part="actions" hidden>
          <button type="button" class="quiet" data-part="reconnect">
            Reconnect
          </button>
          <button type="button" class="quiet" data-part="sign-out">
            Sign out
          </button>
        </div>
      </header>
      <div
        class="log"
        role="log"
        aria-live="polite"
        aria-label="Messages"
        tabindex={0}
        data-part="log"
      ></div>
      {canMint ? <SignIn suggested={suggested} /> : <PasteToken id={id} />}
      <form class="compose" data-part="compose" hidden>
        <label class="unseen" for={`${id}-text`}>
          Message
        </label>
        <input
          id={`${id}-text`}
          name="text"
          maxlength={2000}
          autocomplete="off"
          placeholder="Say something"
        />
        <button class="primary">Send</button>
      </form>
    </section>
  )
}

function SignIn({ suggested }: { readonly suggested: 'alice' | 'bob' }) {
  const names = suggested === 'alice' ? ['alice', 'bob'] : ['bob', 'alice']
  return (
    <form class="sign-in" data-part="sign-in">
      {names.map((name, index) => (
        <button name="sub" value={name} class={index === 0 ? 'primary' : 'plain'}>
          Sign in as {name}
        </button>
      ))}
      <p class="hint">The development issuer mints a token that lives five minutes.</p>
    </form>
  )
}

function PasteToken({ id }: { readonly id: string }) {
  return (
    <form class="sign-in" data-part="sign-in">
      <label for={`${id}-token`}>A token of your issuer</label>
      <input
        id={`${id}-token`}
        name="token"
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        placeholder="eyJ…"
        required
        aria-describedby={`${id}-token-hint`}
      />
      <button class="primary">Enter the room</button>
      <p class="hint" id={`${id}-token-hint`} data-part="sign-in-hint">
        It stays in this page: it is sent to this gate and nowhere else.
      </p>
    </form>
  )
}
