/** The statuses of a backend that comes up, in their order. */
const STEPS = ['scheduled', 'loading', 'starting', 'waiting', 'ready']

/** The card that has a process started, and lets two people work in it. */
export function Whiteboard({ canSpawn }: { readonly canSpawn: boolean }) {
  return (
    <section class="card whiteboard" aria-labelledby="whiteboard-title" data-card="whiteboard">
      <header class="whiteboard-head">
        <div>
          <h2 id="whiteboard-title">A session backend</h2>
          <p class="status" role="status" data-part="status">
            {canSpawn ? 'Nothing runs yet' : 'There is no spawner here'}
          </p>
        </div>
        {canSpawn && (
          <ol class="steps" aria-label="Statuses" data-part="steps">
            {STEPS.map((step) => (
              <li data-step={step}>{step}</li>
            ))}
          </ol>
        )}
      </header>
      {canSpawn ? (
        <>
          <p class="hint">
            A whiteboard, which is a plain Node server without login code. Who opens it first has a
            process started, who comes next joins. Each gets a URL of their own, and the server
            reads in <code>x-verified-username</code> who draws. A minute after the last one left,
            it ends.
          </p>
          <div class="seats">
            <Seat person="alice" />
            <Seat person="bob" />
          </div>
        </>
      ) : (
        <p class="hint">
          A session needs somebody who starts a process, at <code>SPAWNER_URL</code>, and the{' '}
          <code>CONTROL_KEY</code> of development. Plain <code>npm start</code> has both.
        </p>
      )}
    </section>
  )
}

function Seat({ person }: { readonly person: string }) {
  const titleId = `seat-${person}`
  return (
    <section class="seat" aria-labelledby={titleId} data-seat={person}>
      <header class="room-head">
        <h3 id={titleId}>{person}</h3>
        <div class="actions" data-part="actions" hidden>
          <a class="quiet" target="_blank" rel="noopener noreferrer" data-part="tab">
            Open in a tab
          </a>
          <button type="button" class="quiet" data-part="leave">
            Leave
          </button>
        </div>
      </header>
      <div class="frame" data-part="frame">
        <button type="button" class="primary" data-part="open">
          Open the whiteboard as {person}
        </button>
      </div>
    </section>
  )
}
