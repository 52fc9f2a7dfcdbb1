/** One event of an event stream; comments have none of its fields. */
export interface StreamEvent {
  readonly data: string
  readonly id: string
}

/** The events of a response as they come. Leaving the loop closes the stream. */
export async function* eventsOf({ body }: Response): AsyncGenerator<StreamEvent> {
  if (body === null) throw new Error('the response has no body')
  let rest = ''
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + text).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const data = /^data: (.*)$/m.exec(block)?.[1]
      if (data !== undefined) yield { data, id: /^id: (.*)$/m.exec(block)?.[1] ?? '' }
    }
  }
}
