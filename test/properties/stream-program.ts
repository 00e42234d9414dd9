// Programs on one stream: what can be done to it, and a model of what must come of that.

import fc from 'fast-check'
import { expect } from 'vitest'
import type { CloseInfo, CloseReason, SseStream } from '../../src/index.js'
import { streamStats } from '../../src/index.js'
import { readText } from '../parsing/standard.js'

/** A stream with its client in a test's hands. */
export interface Line {
  readonly stream: SseStream
  /** Whether a client that reads has taken everything within a turn. */
  readonly isPrompt: boolean
  /** What the connection may hold beyond what it was given in a turn. */
  readonly slackBytes: number
  /** What the client has been given. */
  received(): string
  /** The client stops reading, as soon as that can be felt. */
  stall(): void
  /** If it stalls, the client takes some of what waits, and goes on stalling. */
  sip(): Promise<void>
  /** The client reads on. */
  read(): void
  leave(): void
  /** Lets the event loop see to its sockets. */
  turn(): Promise<void>
  /** Waits until this client, which reads, has the end of the response. */
  finished(): Promise<void>
}

/** What is known of the stream without looking at it. */
export class StreamModel {
  /** Numbers of the events that were taken, with their keys. */
  readonly sent: { number: number; key: string | undefined }[] = []
  comments = 0
  next = 0
  /** Why it may have closed; with none it has not. */
  readonly endings = new Set<CloseReason>()
  /** It was told to end in good order. */
  isEnding = false
  /** The client left, or the connection was cut: not everything need have arrived. */
  isCut = false
  /** The client did not read all the time. */
  hasStalled = false
  farewell: number | undefined
  /** UTF-8 bytes sent since the event loop came round, and the most there ever were. */
  turnBytes = 0
  mostTurnBytes = 0

  constructor(
    readonly maxBufferedBytes: number,
    readonly overflow: 'close' | 'drop-oldest' | 'drop-newest',
  ) {}

  take(number: number, bytes: number, key?: string): void {
    this.sent.push({ number, key })
    this.count(bytes)
  }

  count(bytes: number): void {
    this.turnBytes += bytes
    this.mostTurnBytes = Math.max(this.mostTurnBytes, this.turnBytes)
  }
}

/** A stream under a program, with what its application holds. */
export class Work {
  readonly line: Line
  readonly stream: SseStream
  readonly drains: Promise<void>[] = []
  readonly sources: { done: Promise<void>; isPutAway: boolean }[] = []
  /** How often `closed` has settled, and how often `signal` has aborted. */
  readonly closes: CloseInfo[] = []
  aborts = 0
  readonly droppedBefore = streamStats().dropped
  readonly controller: AbortController

  constructor(line: Line, controller: AbortController) {
    this.line = line
    this.controller = controller
    this.stream = line.stream
    void this.stream.closed.then((info) => this.closes.push(info))
    this.stream.signal.addEventListener('abort', () => this.aborts++)
  }

  /** What must hold at any moment. */
  check(model: StreamModel): void {
    const { stream } = this
    // Once it has ended it takes nothing; until something ends it, it does.
    const mayOverflow = model.overflow === 'close' && (model.hasStalled || !this.line.isPrompt)
    if (model.endings.size === 0 && !mayOverflow) expect(stream.state).toBe('open')
    if (model.isEnding) expect(stream.state).not.toBe('open')
    expect(stream.signal.aborted).toBe(stream.state !== 'open')
    // The bound, one turn's worth, one event of any size, and what a Writable may hold without a word.
    expect(stream.bufferedBytes).toBeLessThanOrEqual(
      model.maxBufferedBytes + 2 * model.mostTurnBytes + this.line.slackBytes,
    )
    if (stream.state === 'closed') expect(stream.bufferedBytes).toBe(0)
  }
}

type Command = fc.AsyncCommand<StreamModel, Work>

/** The numbers at the end of a name tell what happened in a failure's report. */
const named = (name: string, run: (model: StreamModel, work: Work) => unknown): Command => ({
  check: () => true,
  run: async (model, work) => {
    await run(model, work)
    work.check(model)
  },
  toString: () => name,
})

const padded = (number: number, bytes: number) => `${number}`.padEnd(bytes, '.')

function send(model: StreamModel, { stream }: Work, bytes: number, key?: string): void {
  const number = model.next++
  const isOpen = stream.state === 'open'
  const answer = stream.send({ data: padded(number, bytes) }, key ? { conflate: key } : undefined)
  if (!isOpen) expect(answer).toBe(false)
  else model.take(number, bytes + 8, key)
}

/** What can be done, with events of up to so many bytes. */
export function commandsFor(maxEventBytes: number) {
  const bytes = fc.noBias(fc.integer({ min: 1, max: maxEventBytes }))
  return fc.commands(
    [
      fc.record({ bytes, times: fc.integer({ min: 1, max: 8 }) }).map(({ bytes, times }) =>
        named(`send ${times} x ${bytes}`, (model, work) => {
          for (let i = 0; i < times; i++) send(model, work, bytes)
        }),
      ),
      fc
        .record({ bytes, key: fc.constantFrom('a', 'b') })
        .map(({ bytes, key }) =>
          named(`conflate ${key} ${bytes}`, (model, work) => send(model, work, bytes, key)),
        ),
      fc.constant(
        named('comment', (model, { stream }) => {
          if (stream.state === 'open') model.comments++
          stream.comment('c')
          model.count(5)
        }),
      ),

      STALL,
      STALL,
      fc.constant(named('sip', (_model, { line }) => line.sip())),
      fc.constant(named('read', (_model, { line }) => line.read())),
      TURN,
      fc.constant(named('tick', () => Promise.resolve())),
      fc.constant(named('drained', (_model, work) => work.drains.push(work.stream.drained()))),
      fc.integer({ min: 1, max: 30 }).map((items) =>
        named(`sendAll ${items}`, (model, work) => {
          const source = { done: Promise.resolve(), isPutAway: false }
          let left = items
          // No generator: one that was not begun would not tell that it was put away.
          const numbers = {
            next: async () => {
              const done = left-- <= 0
              if (done) source.isPutAway = true
              return { done, value: undefined }
            },
            return: async () => {
              source.isPutAway = true
              return { done: true as const, value: undefined }
            },
            [Symbol.asyncIterator]: () => numbers,
          }
          // Numbered when it is about to be sent: others may be sent while an item is on its way.
          source.done = work.stream.sendAll(numbers, () => {
            const number = model.next++
            if (work.stream.state === 'open') model.take(number, 48)
            return { data: padded(number, 40) }
          })
          work.sources.push(source)
        }),
      ),
      fc.oneof({ weight: 4, arbitrary: TURN }, ...ENDINGS),
    ],
    { maxCommands: 60, size: 'max' },
  )
}

const TURN = fc.constant(
  named('turn', async (model, { line }) => {
    await line.turn()
    model.turnBytes = 0
  }),
)

const STALL = fc.constant(
  named('stall', (model, { line }) => {
    model.hasStalled = true
    line.stall()
  }),
)

/** Rarely one of these, or programs would be over before anything has happened. */
const ENDINGS = [
  fc.constant(
    named('leave', (model, { line }) => {
      model.endings.add('client')
      model.isCut = true
      line.leave()
    }),
  ),
  fc.boolean().map((hasFarewell) =>
    named(hasFarewell ? 'end with a farewell' : 'end', (model, { stream }) => {
      if (stream.state === 'open') {
        model.isEnding = true
        if (hasFarewell) model.farewell = model.next++
      }
      model.endings.add('ended')
      void stream.end(model.farewell === undefined ? undefined : { data: `${model.farewell}` })
    }),
  ),
  fc.constant(
    named('destroy', (model, { stream }) => {
      model.endings.add('ended')
      model.isCut = true
      stream.destroy()
    }),
  ),
  fc.constant(
    named('abort', (model, { controller }) => {
      model.endings.add('aborted')
      controller.abort()
    }),
  ),
]

/** Ends what the program has left open, and holds all that has come of it to the model. */
export async function conclude(model: StreamModel, work: Work): Promise<void> {
  const { line, stream } = work
  line.read()
  await line.turn()
  if (model.endings.size === 0) model.endings.add('ended')
  void stream.end()
  // All of these settle, or the test hangs and fails.
  const { reason } = await stream.closed
  await Promise.all([...work.drains, ...work.sources.map(({ done }) => done)])

  if (model.overflow === 'close' && (model.hasStalled || !line.isPrompt)) {
    model.endings.add('overflow')
  }
  expect([...model.endings]).toContain(reason)
  expect(work.closes).toEqual([{ reason }])
  expect(work.aborts).toBe(1)
  expect(stream.bufferedBytes).toBe(0)
  for (const source of work.sources) expect(source.isPutAway).toBe(true)
  for (const late of [stream.drained(), stream.sendAll(['late'])]) await late

  const isWhole = reason === 'ended' && !model.isCut
  if (isWhole) await line.finished()
  checkReceived(model, work, isWhole)
}

function checkReceived(model: StreamModel, work: Work, isWhole: boolean): void {
  const { events, comments } = readText(work.line.received())
  const seen = events.map(({ data }) => Number.parseInt(data, 10))
  const keys = new Map(model.sent.map(({ number, key }) => [number, key]))
  const farewell = model.farewell
  const plain = seen.filter((number) => keys.get(number) === undefined && number !== farewell)
  // In order, each once; what was never sent is not among them.
  expect(plain).toEqual([...new Set(plain)].sort((one, other) => one - other))
  expect(seen.every((number) => keys.has(number) || number === farewell)).toBe(true)
  for (const key of ['a', 'b']) {
    const ofKey = seen.filter((number) => keys.get(number) === key)
    expect(ofKey).toEqual([...new Set(ofKey)].sort((one, other) => one - other))
    const last = model.sent.filter((event) => event.key === key).at(-1)?.number
    if (isWhole && model.overflow === 'close') expect(ofKey.at(-1)).toBe(last)
  }
  const wanted = model.sent.filter(({ key }) => key === undefined).map(({ number }) => number)
  if (isWhole && wanted.length === model.sent.length) {
    const dropped = streamStats().dropped - work.droppedBefore
    expect(plain.length + comments.length).toBe(wanted.length + model.comments - dropped)
  }
  // What a client has before a cut is what came first.
  if (model.overflow === 'close') {
    expect(plain).toEqual(isWhole ? wanted : wanted.slice(0, plain.length))
  }
  if (farewell !== undefined && isWhole) expect(seen.at(-1)).toBe(farewell)
}
