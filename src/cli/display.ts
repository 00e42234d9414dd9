// A stream as people see it: a line for what happened, and the data below.

import type { RawEvent } from '../parse-options.js'
import { prettyJson } from './pretty-json.js'
import { printable } from './printable.js'

/** What makes text stand out; without colours, nothing. */
interface Colours {
  readonly dim: (text: string) => string
  readonly name: (text: string) => string
}

const coloured = (code: number, end: number) => (text: string) => `\x1b[${code}m${text}\x1b[${end}m`
const plain = (text: string) => text

const COLOURS: Colours = { dim: coloured(2, 22), name: coloured(36, 39) }
const PLAIN: Colours = { dim: plain, name: plain }

/** Tells whether a stream is to have colours: a terminal that has some, unless `FORCE_COLOR` or `NO_COLOR` say otherwise. */
export function hasColours(
  stream: { readonly isTTY?: boolean; hasColors?(): boolean },
  { FORCE_COLOR: forced }: NodeJS.ProcessEnv,
): boolean {
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false'
  return stream.isTTY === true && stream.hasColors?.() === true
}

/** Writes what happens as text, with the time since the event before. */
export class Display {
  readonly #colours: Colours
  #lastMs: number

  constructor(isColoured: boolean, nowMs: number) {
    this.#colours = isColoured ? COLOURS : PLAIN
    this.#lastMs = nowMs
  }

  event({ event, data, id }: RawEvent, nowMs: number): string {
    const { dim, name } = this.#colours
    const time = dim(since(nowMs - this.#lastMs))
    this.#lastMs = nowMs
    const head = `${time} ${name(printable(event))}${id && dim(` id ${printable(id)}`)}`
    const lines = data === '' ? [] : printable(prettyJson(data)).split('\n')
    return [head, ...lines.map((line) => `  ${line}`), ''].join('\n')
  }

  comment(comment: string, nowMs: number): string {
    return this.note(`${since(nowMs - this.#lastMs)} : ${comment}`.trimEnd())
  }

  note(text: string): string {
    return `${this.#colours.dim(printable(text))}\n`
  }
}

/** Gives a time between events, wide enough for most: `+  12ms`, `+ 1.02s`, `+2m 05s`. */
function since(ms: number): string {
  const text =
    ms < 1_000
      ? `${Math.round(ms)}ms`
      : ms < 60_000
        ? `${(ms / 1_000).toFixed(2)}s`
        : `${Math.floor(ms / 60_000)}m ${String(Math.floor((ms % 60_000) / 1_000)).padStart(2, '0')}s`
  return `+${text.padStart(7)}`
}
