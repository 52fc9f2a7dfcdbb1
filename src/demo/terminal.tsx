import { encodeRoom } from './room-name.ts'

interface TerminalProps {
  readonly canMint: boolean
  readonly origin: string
  readonly room: string
}

/** The same room from a shell. */
export function Terminal({ canMint, origin, room }: TerminalProps) {
  const url = `${origin}/party/${encodeRoom(room)}`
  const lines = [
    '# no token: 401, and why',
    `curl -i ${url}`,
    '# with a token: what the room sees',
    canMint
      ? `TOKEN=$(curl -s ${origin}/_portico/dev/token -d '{"sub":"carol"}' | cut -d'"' -f4)`
      : 'TOKEN=…',
    `curl -H "Authorization: Bearer $TOKEN" ${url}`,
  ]
  return (
    <section class="card terminal" aria-labelledby="terminal-title" data-card="terminal">
      <header class="room-head">
        <h2 id="terminal-title">From a terminal</h2>
        <button type="button" class="quiet" data-part="copy">
          Copy
        </button>
      </header>
      <pre data-part="lines">
        {lines.map((line) => (
          <span class={line.startsWith('#') ? 'remark' : 'command'}>{line}</span>
        ))}
      </pre>
      <p class="hint">
        Another room is another name: open this page with <code>?room=atrium</code>.
      </p>
    </section>
  )
}
