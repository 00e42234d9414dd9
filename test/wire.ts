// Wire text read back by a parser that is not ours.

import { createParser, type EventSourceMessage } from 'eventsource-parser'

export interface WireEvent {
  event: string
  data: string
  id: string | undefined
}

/** Gives what a client sees of `text`: the events that it dispatches. */
export function readWire(text: string): WireEvent[] {
  const events: WireEvent[] = []
  const parser = createParser({
    onEvent: (event: EventSourceMessage) =>
      events.push({ event: event.event ?? 'message', data: event.data, id: event.id }),
  })
  // A blank line first, or the parser would take the text's first character for a byte order mark.
  parser.feed(`\n${text}`)
  return events
}
