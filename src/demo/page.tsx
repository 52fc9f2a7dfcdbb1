import { ChatPane } from './chat-pane.tsx'
import { Inspector } from './inspector.tsx'
import { Knock } from './knock.tsx'
import { Terminal } from './terminal.tsx'
import { Whiteboard } from './whiteboard.tsx'

export const CLIENT_PATH = '/_portico/demo.js'
export const STYLE_PATH = '/_portico/demo.css'

/** Tokens and other people's messages are on this page: no script but its own, and no HTML from text. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "frame-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

export interface DemoPageProps {
  /** Whether there is a development key, and so tokens for the asking. */
  readonly canMint: boolean
  /** Whether there is a spawner too, and so session backends. */
  readonly canSpawn: boolean
  /** Where the page was asked for: what stands before the paths of the curl lines. */
  readonly origin: string
  readonly room: string
}

export function DemoPage({ canMint, canSpawn, origin, room }: DemoPageProps) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <title>Portico: a gate in front of your rooms</title>
        <link rel="icon" href={`data:image/svg+xml,${encodeURIComponent(ICON)}`} />
        <link rel="stylesheet" href={STYLE_PATH} />
      </head>
      <body data-room={room} data-can-mint={String(canMint)}>
        <a class="skip" href="#chat">
          Skip to the chat
        </a>
        {canMint && (
          <p class="banner" role="note">
            <strong>Development keys are in use.</strong> Whoever opens this page can be anyone, so
            Portico answers on loopback names only.
          </p>
        )}
        <Masthead room={room} />
        <noscript>
          <p class="banner">This page opens WebSockets, so it needs JavaScript.</p>
        </noscript>
        <main class="stage" id="chat" tabindex={-1}>
          <div class="panes">
            <ChatPane id="left" title="First visitor" suggested="alice" canMint={canMint} />
            <ChatPane id="right" title="Second visitor" suggested="bob" canMint={canMint} />
          </div>
          <Knock />
          <Inspector room={room} />
          <Terminal canMint={canMint} origin={origin} room={room} />
          {canMint && <Whiteboard canSpawn={canSpawn} />}
        </main>
        <script type="module" src={CLIENT_PATH}></script>
      </body>
    </html>
  )
}

function Masthead({ room }: { readonly room: string }) {
  return (
    <header class="masthead">
      <div class="intro">
        <p class="brand">
          <Columns /> Portico
        </p>
        <h1>Every name in this room is proven.</h1>
        <p class="lead">
          A chat in the room <code>{room}</code>, a Durable Object with no login code. Portico
          stands in front: it verifies each token and tells the room who is there.
        </p>
      </div>
      <ol class="way" aria-label="The way of a request">
        <li>
          <strong>Browser</strong> <span>PartySocket, with a token</span>
        </li>
        <li class="gate">
          <strong>Portico</strong> <span>verify, hook, forward</span>
        </li>
        <li>
          <strong>Room</strong> <span>gets a name, never a token</span>
        </li>
      </ol>
    </header>
  )
}

function Columns() {
  return (
    <svg viewBox="0 0 24 24" width="26" height="26" aria-hidden="true" focusable="false">
      <path d={COLUMNS} fill="currentColor" />
    </svg>
  )
}

/** A pediment, three columns and the step they stand on. */
const COLUMNS = 'M12 2 22 8v2H2V8zM4 11.5h3V19H4zM10.5 11.5h3V19h-3zM17 11.5h3V19h-3zM2 20h20v2H2z'
const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path fill="#2b8a78" d="${COLUMNS}"/></svg>`
