// Wire text, cut up in any way, as events in their order. Nothing else in the package reads wire text.

import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { SseError } from './errors.js'
import { wrongType } from './misuse.js'
import type { RawEvent } from './parse-options.js'
import { byteLength } from './utf8.js'

/** What is parsed at once: of a longer chunk the rest waits until the events before it have been taken. */
const PIECE = 65_536

/** What a line may have before its value: `event: `. */
const FIELD = 7

/** What a UTF-16 unit may take in UTF-8. */
const MAX_BYTES = 3

/**
 * For bytes between two ends of characters. Node.js decodes ASCII by it several times faster than by a decoder that may
 * have to keep half a character; other text is slower.
 */
const PLAIN = new TextDecoder('utf-8', { ignoreBOM: true })

/** What stands in the queue: an event, an id without one, or what is to be told when its turn comes. */
type Entry = RawEvent | string | (() => void)

/** What a wire parser needs to know. */
export interface WireParserOptions {
  readonly maxEventBytes: number
  readonly onComment: ((comment: string) => void) | undefined
  readonly onRetry: ((retryMs: number) => void) | undefined
}

/** Reads chunks of bytes, or of text that is decoded already. */
export class WireParser {
  /** Whether nobody is going to take any more. */
  isOver = false
  /** The reconnection time in force, as far as events were taken. */
  retryMs: number | undefined
  /** The id that stands for all that was taken: whoever takes an event sets it. */
  lastEventId: string

  readonly #parser: ReturnType<typeof createParser>
  readonly #maxEventBytes: number
  // [spec] Streams must be decoded using the UTF-8 decode algorithm, which strips one byte order mark.
  readonly #decoder = new TextDecoder()
  /** Whether the last piece was ASCII, and so ended no character in the middle. */
  #isAscii = false
  /** What the piece at hand gave: `#count` entries, of which `#taken` are taken. */
  readonly #queue: Entry[] = []
  #count = 0
  #taken = 0
  /** The chunk at hand, and how much of it has been parsed. */
  #chunk: string | Uint8Array = ''
  #parsed = 0
  /** The line whose end has not come, and how many bytes it has at most: they are counted when it may be too many. */
  #line = ''
  #lineBytes = 0
  /** What the next event without an id of its own gets. */
  #id: string
  #failure: SseError | undefined

  /** @param lastEventId - the id that events have until one comes: that of the connection before */
  constructor({ maxEventBytes, onComment, onRetry }: WireParserOptions, lastEventId = '') {
    this.#maxEventBytes = maxEventBytes
    this.lastEventId = lastEventId
    this.#id = lastEventId
    this.#parser = createParser({
      // It only ever gets whole lines, so this is about the data of one event.
      maxBufferSize: maxEventBytes,
      onError: ({ type }) => type === 'max-buffer-size-exceeded' && this.#refuse('An event'),
      onId: (id) => this.#addId(id),
      onEvent: (event) => this.#addEvent(event),
      onRetry: (retryMs) =>
        this.#add(() => {
          this.retryMs = retryMs
          onRetry?.(retryMs)
        }),
      onComment: onComment && ((comment) => this.#addComment(comment, onComment)),
    })
    // It would take a U+FEFF that the decoder has left, and text that looks like one, for a byte order mark.
    this.#parser.feed('\n')
  }

  /**
   * Gives it the next chunk, once `take` has given all of the one before.
   *
   * @throws {TypeError} when it is neither text nor bytes.
   */
  push(chunk: unknown): void {
    if (typeof chunk !== 'string' && (chunk as Uint8Array | null)?.BYTES_PER_ELEMENT !== 1) {
      throw wrongType('a chunk', 'a string or a Uint8Array', chunk)
    }
    this.#chunk = chunk as string | Uint8Array
    this.#parsed = 0
  }

  /** Tells it that no more comes. */
  end(isLastDispatched: boolean): void {
    this.#parse(this.#decoder.decode())
    if (isLastDispatched && this.#failure === undefined) this.#parser.feed(`${this.#line}\n\n`)
    this.#line = ''
  }

  /**
   * Takes the next event; `undefined` asks for the next chunk.
   *
   * @throws {SseError} `ERR_SSE_TOO_LARGE` when what comes next is longer than allowed.
   */
  take(): RawEvent | undefined {
    for (;;) {
      while (this.#taken < this.#count) {
        // What is told between the events may have been the last straw.
        if (this.isOver) return undefined
        const entry = this.#queue[this.#taken++] as Entry
        if (typeof entry === 'object') return entry
        if (typeof entry === 'string') this.lastEventId = entry
        else entry()
      }
      // The others are parts of one piece, and are written over: an array that grows anew for each piece costs more.
      this.#queue[0] = ''
      this.#count = 0
      this.#taken = 0
      if (this.#failure !== undefined) throw this.#failure
      if (this.#parsed >= this.#chunk.length) return undefined
      this.#parse(this.#nextPiece())
    }
  }

  /** Takes back the event that was taken last: it is not handed over, and does not count. */
  giveBack(): void {
    this.#taken--
  }

  /** The last event id, moved on by the blocks with nothing but an id that come before the next event. */
  get position(): string {
    let position = this.lastEventId
    for (let i = this.#taken; i < this.#count; i++) {
      const entry = this.#queue[i]
      if (typeof entry === 'object') break
      if (typeof entry === 'string') position = entry
    }
    return position
  }

  /** So long that parsing it is worth a call, and no longer than a line may be. */
  #nextPiece(): string {
    const from = this.#parsed
    this.#parsed += Math.min(PIECE, this.#maxEventBytes + FIELD)
    const isWhole = from === 0 && this.#parsed >= this.#chunk.length
    const chunk = this.#chunk
    if (typeof chunk === 'string') return isWhole ? chunk : chunk.slice(from, this.#parsed)
    return this.#decode(isWhole ? chunk : chunk.subarray(from, this.#parsed))
  }

  #decode(piece: Uint8Array): string {
    const endsWithAscii = (piece[piece.length - 1] as number) < 0x80
    const text =
      this.#isAscii && endsWithAscii
        ? PLAIN.decode(piece)
        : this.#decoder.decode(piece, { stream: true })
    this.#isAscii = endsWithAscii && text.length === piece.length
    return text
  }

  /** Hands the parser all lines that have ended, and keeps the one that has not. */
  #parse(text: string): void {
    if (this.#failure !== undefined) return
    // A line that never ends is refused before it is kept.
    if (!this.#isLineWithin(text)) return
    const end = endOfLines(text)
    if (end === 0) this.#line += text
    else {
      this.#parser.feed(this.#line + text.slice(0, end))
      this.#line = text.slice(end)
      this.#lineBytes = this.#line.length * MAX_BYTES
    }
  }

  /** Whether the line that has not ended is not too long, with what this text adds to it. */
  #isLineWithin(text: string): boolean {
    const max = this.#maxEventBytes + FIELD
    this.#lineBytes += text.length * MAX_BYTES
    if (this.#lineBytes <= max) return true
    // A count leaves a third of the room until the next: a line in small chunks is counted a few times, not at each.
    this.#lineBytes = byteLength(this.#line + text.slice(0, text.search(/[\r\n]|$/)))
    if (this.#lineBytes <= max) return true
    this.#refuse('A line')
    return false
  }

  #addId(id: string): void {
    if (!this.#isWithin(id)) return
    this.#id = id
    this.#add(id)
  }

  #addEvent(message: EventSourceMessage): void {
    const { id, event, data } = message
    if (!this.#isWithin(data, event, id)) return
    // The parser has no more use for it: one object less for each event.
    message.id = this.#id
    message.event = event ?? 'message'
    // An id of its own was put there just now, as if it came without data.
    const place = id === undefined ? this.#count++ : this.#count - 1
    this.#queue[place] = message as RawEvent
  }

  #addComment(comment: string, onComment: (comment: string) => void): void {
    if (this.#isWithin(comment)) this.#add(() => onComment(comment))
  }

  #add(entry: Entry): void {
    this.#queue[this.#count++] = entry
  }

  /** Whether these make an event that is not too long, and none before them was. */
  #isWithin(data: string, event = '', id = ''): boolean {
    if (this.#failure !== undefined) return false
    const max = this.#maxEventBytes
    if ((data.length + event.length + id.length) * MAX_BYTES <= max) return true
    if (byteLength(data) + byteLength(event) + byteLength(id) <= max) return true
    this.#refuse('An event')
    return false
  }

  #refuse(what: string): void {
    this.#failure ??= new SseError(
      'ERR_SSE_TOO_LARGE',
      `${what} is longer than ${this.#maxEventBytes} bytes`,
    )
    this.#line = ''
    this.#chunk = ''
  }
}

/** Gives where the last line ends that has ended; 0 if none has. */
function endOfLines(text: string): number {
  const lf = text.lastIndexOf('\n')
  // Only behind the last LF: without a CR, a search backwards would go through all of the text.
  const hasCr = text.indexOf('\r', lf + 1) !== -1
  return (hasCr ? text.lastIndexOf('\r') : lf) + 1
}
