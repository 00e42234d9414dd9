// What the command line was asked for.

import { parseArgs } from 'node:util'

/** What to do. */
export interface Command {
  /** The URL; `'-'` is standard input. */
  readonly source: string
  readonly isJson: boolean
  readonly headers: [name: string, value: string][]
  readonly method: string | undefined
  readonly data: string | undefined
  readonly lastEventId: string | undefined
  /** How events are asked for; it is `connect` that knows the ways. */
  readonly delivery: string | undefined
  /** The name or the data of the event to end with. */
  readonly until: string | undefined
  /** The names of the events to show; all if there are none. */
  readonly names: readonly string[]
  readonly comesBack: boolean
}

/** Arguments that make no sense; `message` says why. */
export class UsageError extends Error {}

export const USAGE = `Usage: eventwire [options] URL
       eventwire [options] -

Shows a stream of Server-Sent Events as it happens, and comes back when the connection is lost.
With - it reads one from standard input.

Options:
  -H, --header 'NAME: VALUE'   send a header; may be repeated
  -X, --method METHOD          GET unless told otherwise, POST with --data
  -d, --data TEXT              send a body
      --last-event-id ID       resume after this event
      --delivery MODE          stream, auto, long-poll or poll: for proxies that hold streams back
      --event NAME             show events of this name only; may be repeated
      --until TEXT             end with the first event that has this name or this data
      --no-reconnect           end with the connection
      --json                   write one JSON object a line, for other programs
  -h, --help                   show this
      --version                show the version

Exit codes: 0 the stream has ended, or --until was reached; 1 the connection failed; 2 the
arguments make no sense; 3 the answer is no event stream; 4 it ended before --until was reached;
130 and 143 after SIGINT and SIGTERM.
`

const OPTIONS = {
  header: { type: 'string', short: 'H', multiple: true },
  method: { type: 'string', short: 'X' },
  data: { type: 'string', short: 'd' },
  'last-event-id': { type: 'string' },
  delivery: { type: 'string' },
  event: { type: 'string', multiple: true },
  until: { type: 'string' },
  'no-reconnect': { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const

/**
 * Reads the arguments.
 *
 * @throws {UsageError} when they make no sense.
 */
export function parseArguments(args: string[]): Command | 'help' | 'version' {
  const { values, positionals } = parsed(args)
  if (values.help) return 'help'
  if (values.version) return 'version'
  const [source, ...more] = positionals
  if (source === undefined || more.length > 0) {
    throw new UsageError(`Expected one URL, or -, got ${positionals.length}`)
  }
  const { method, data, delivery, header = [], event: names = [] } = values
  const headers = header.map(headerOf)
  const lastEventId = values['last-event-id']
  if (source === '-' && (method ?? data ?? lastEventId ?? delivery ?? headers[0]) !== undefined) {
    throw new UsageError('Expected no option of a request with -, which makes none')
  }
  const url =
    source === '-' || /^[a-z][a-z0-9+.-]*:\/\//i.test(source) ? source : `http://${source}`
  return {
    ...withoutPassword(url, headers),
    isJson: values.json ?? false,
    method: method ?? (data === undefined ? undefined : 'POST'),
    data,
    lastEventId,
    delivery,
    until: values.until,
    names,
    comesBack: !values['no-reconnect'],
  }
}

function parsed(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS, allowPositionals: true })
  } catch (error) {
    // Its messages are for people: "Unknown option '--foo'".
    throw new UsageError((error as Error).message, { cause: error })
  }
}

/** Puts a name and a password out of the URL, where `fetch` refuses them, into a header. */
function withoutPassword(source: string, headers: [string, string][]) {
  if (!URL.canParse(source)) return { source, headers }
  const url = new URL(source)
  const { username, password } = url
  if (`${username}${password}` === '') return { source, headers }
  url.username = ''
  url.password = ''
  const pair = Buffer.from(`${decoded(username)}:${decoded(password)}`)
  const authorization: [string, string] = ['authorization', `Basic ${pair.toString('base64')}`]
  const hasOne = headers.some(([name]) => name.toLowerCase() === 'authorization')
  return { source: url.href, headers: hasOne ? headers : [...headers, authorization] }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // A percent sign of its own.
    return text
  }
}

function headerOf(text: string): [string, string] {
  const [, name, value] = /^([^:]+):(.*)$/s.exec(text) ?? []
  if (name === undefined || value === undefined) {
    throw new UsageError(`Expected a header as 'NAME: VALUE', got ${JSON.stringify(text)}`)
  }
  return [name.trim(), value.trim()]
}
