// Showing one stream, from its first event to the exit code.

import { connect } from '../connection.js'
import type { RequestedDelivery } from '../delivery-request.js'
import { SseError } from '../errors.js'
import type { RawEvent } from '../parse-options.js'
import { parseEvents } from '../reader.js'
import { type Command, UsageError } from './arguments.js'
import { Display, hasColours } from './display.js'
import { Output } from './output.js'
import { isJson } from './pretty-json.js'
import { printable } from './printable.js'

/** What a process exits with. */
export const EXIT = { ended: 0, failed: 1, usage: 2, refused: 3, unreached: 4 } as const

type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** The part of a process that is needed. */
type Terminal = Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr' | 'env'>

/** What is done with a stream. */
interface View {
  onOpen(url: string): void
  onComment(comment: string): void
  onEvent(event: RawEvent): Promise<void>
  onRetry(delayMs: number, error: Error | undefined): void
}

/**
 * Shows a stream until it ends, or `signal` aborts, or nobody reads any more.
 *
 * @throws {UsageError} when the arguments make no request.
 */
export async function show(
  command: Command,
  { stdin, stdout, stderr, env }: Terminal,
  signal: AbortSignal,
): Promise<ExitCode> {
  const output = new Output(stdout, signal)
  const notes = new Output(stderr, signal)
  const view = viewOf(command, output, notes, hasColours(stdout, env), hasColours(stderr, env))
  const stop = AbortSignal.any([signal, output.gone])
  const events =
    command.source === '-'
      ? parseEvents(stdin, { onComment: view.onComment, signal: stop })
      : connected(command, view, stop)
  try {
    for await (const event of events) {
      const { names, until } = command
      if (names.length === 0 || names.includes(event.event)) await view.onEvent(event)
      if (until !== undefined && [event.event, event.data].includes(until)) return EXIT.ended
    }
  } catch (error) {
    if (stop.aborted) return EXIT.ended
    await notes.write(`eventwire: ${printable(reasonOf(error))}\n`)
    return error instanceof SseError && error.code === 'ERR_SSE_RESPONSE'
      ? EXIT.refused
      : EXIT.failed
  }
  if (command.until === undefined) return EXIT.ended
  await notes.write('eventwire: The stream has ended before --until was reached\n')
  return EXIT.unreached
}

function connected(command: Command, view: View, signal: AbortSignal) {
  const { data, delivery, lastEventId, method } = command
  const headers = [...command.headers]
  const hasType = headers.some(([name]) => name.toLowerCase() === 'content-type')
  if (data !== undefined && !hasType && isJson(data))
    headers.push(['content-type', 'application/json'])
  try {
    return connect(command.source, {
      headers,
      body: data,
      method,
      lastEventId,
      delivery: delivery as RequestedDelivery | undefined,
      signal,
      reconnect: command.comesBack ? {} : false,
      onActivity: (activity) => {
        if (activity.type === 'open') view.onOpen(activity.url)
        if (activity.type === 'comment') view.onComment(activity.comment)
        if (activity.type === 'retry') view.onRetry(activity.delayMs, activity.error)
      },
    })
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error })
  }
}

function viewOf(
  command: Command,
  output: Output,
  notes: Output,
  isColoured: boolean,
  areNotesColoured: boolean,
): View {
  const display = new Display(isColoured, performance.now())
  const note = (text: string) => void notes.write(new Display(areNotesColoured, 0).note(text))
  const onRetry = (delayMs: number, error: Error | undefined) =>
    note(`${error ? reasonOf(error) : 'The response has ended'}; next attempt in ${delayMs} ms`)
  if (command.isJson) {
    return {
      onOpen() {},
      onComment() {},
      onEvent: ({ event, id, data }) =>
        output.write(`${printable(JSON.stringify({ event, id, data }))}\n`),
      onRetry,
    }
  }
  return {
    onOpen: (url) => note(`Connected to ${url}`),
    onComment(comment) {
      // Events wait until they are taken. Nothing holds a flood of comments back, so it is not kept.
      if (!output.isBehind) void output.write(display.comment(comment, performance.now()))
    },
    onEvent: (event) => output.write(display.event(event, performance.now())),
    onRetry,
  }
}

/** Gives what is at the bottom of an error, which for `fetch` says the most. */
function reasonOf(error: unknown): string {
  const { message, cause, data } = error as SseError
  const inner = cause instanceof Error ? `: ${reasonOf(cause)}` : ''
  const said = data === undefined || data === '' ? '' : `: ${data.slice(0, 200)}`
  return `${message}${inner}${said}`
}
