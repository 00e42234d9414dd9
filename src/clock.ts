// The one clock behind every heartbeat, stall timeout and lifetime: a single timer, never one a stream.

import { isTimerOfRequest, nextTurn } from './turn.js'

/** Alarms of one delay, in the order in which they fall due: each start goes to the end. */
interface Queue {
  first?: Alarm | undefined
  last?: Alarm | undefined
}

/** Each ring looks at all queues. */
const MANY_QUEUES = 64

/** No delay is longer. */
export const NEVER = Number.MAX_SAFE_INTEGER

const queues = new Map<number, Queue>()

/** A timer that is this late had no chance to see its sockets either. */
const LATE_MS = 20

let timer: ReturnType<typeof setTimeout> | undefined
/** What the timer was set with. A test's fake timers come and go while alarms wait. */
let timers = { set: setTimeout, clear: clearTimeout }
let timerDueMs = NEVER
let elapsedMs = 0
/** By how much timers that were early have put it forward, until time has caught up. */
let aheadMs = 0
let lastReadMs = wholeMs()

let ringDue: () => void

/** Names the method that an alarm calls. */
export const ring: unique symbol = Symbol('ring')

/** Whom an alarm rings for. A method, not a function each: tens of thousands of alarms wait. */
export interface Ringable {
  /** MUST NOT throw: nobody is there to catch it. */
  [ring](alarm: Alarm): void
}

/** Rings once, some time after its last start. Starting it anew costs a few pointers, no timer. */
export class Alarm {
  readonly #owner: Ringable
  /** 0 while it does not wait. */
  #delayMs = 0
  #dueMs = 0
  #previous: Alarm | undefined
  #next: Alarm | undefined
  /** Where a timer cannot be for all. */
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(owner: Ringable) {
    this.#owner = owner
  }

  /**
   * Starts to wait, or starts over.
   *
   * @param delayMs - 1 to 2147483647. Each delay in use has a queue of its own, and each ring looks at
   * all queues: take few different ones.
   */
  start(delayMs: number): void {
    if (isTimerOfRequest) {
      this.stop()
      this.#timer = setTimeout(() => this.#owner[ring](this), delayMs)
      return
    }
    if (this.#delayMs > 0) this.#leave()
    this.#delayMs = delayMs
    this.#dueMs = nowMs() + delayMs
    let queue: Queue | undefined = queues.get(delayMs)
    if (queue === undefined) {
      queue = {}
      queues.set(delayMs, queue)
    }
    this.#previous = queue.last
    if (queue.last === undefined) queue.first = this
    else queue.last.#next = this
    queue.last = this
    // An alarm that starts over leaves the timer where it is: that one rings too early, finds
    // nothing due and is set anew, once for however many starts.
    if (this.#dueMs < timerDueMs || timers.set !== setTimeout) setTimer(this.#dueMs)
  }

  /**
   * Starts to wait for any delay: exactly for as long, unless so many delays are in use that it waits up to
   * one step longer.
   */
  startRoughly(delayMs: number, stepMs: number): void {
    this.start(queues.size < MANY_QUEUES ? delayMs : Math.ceil(delayMs / stepMs) * stepMs)
  }

  /** Stops waiting. */
  stop(): void {
    clearTimeout(this.#timer)
    if (this.#delayMs === 0) return
    this.#leave()
    this.#delayMs = 0
    if (queues.size > 0) return
    timers.clear(timer)
    timerDueMs = NEVER
  }

  #leave(): void {
    const queue = queues.get(this.#delayMs) as Queue
    if (this.#previous === undefined) queue.first = this.#next
    else this.#previous.#next = this.#next
    if (this.#next === undefined) queue.last = this.#previous
    else this.#next.#previous = this.#previous
    this.#previous = undefined
    this.#next = undefined
    if (queue.first === undefined) queues.delete(this.#delayMs)
  }

  static {
    ringDue = () => {
      const now = nowMs()
      let soonest = NEVER
      for (const queue of queues.values()) {
        for (let alarm = queue.first; alarm !== undefined; alarm = queue.first) {
          if (alarm.#dueMs > now) {
            soonest = Math.min(soonest, alarm.#dueMs)
            break
          }
          alarm.stop()
          alarm.#owner[ring](alarm)
        }
      }
      if (soonest < timerDueMs) setTimer(soonest)
    }
  }
}

function setTimer(dueMs: number): void {
  timers.clear(timer)
  timers = { set: setTimeout, clear: clearTimeout }
  timerDueMs = Math.min(dueMs, timerDueMs)
  timer = setTimeout(onTimer, Math.max(1, timerDueMs - nowMs()))
  // A heartbeat is no reason to keep a process alive.
  ;(timer as { unref?: () => void }).unref?.()
}

function onTimer(): void {
  const earlyMs = timerDueMs - nowMs()
  const isLate = earlyMs < -LATE_MS
  // The timer was set for this moment, so it has come, whatever the clock says: timers may be early
  // by a fraction of a millisecond, and fake ones run on another clock altogether.
  if (earlyMs > 0) {
    elapsedMs += earlyMs
    aheadMs += earlyMs
  }
  timerDueMs = NEVER
  // After the loop was blocked, timers run before sockets: a client that did read in the meantime
  // would be called stalled. Two turns let its drain be heard first.
  if (isLate) nextTurn(() => nextTurn(ringDue))
  else ringDue()
}

/**
 * Whole milliseconds, as timers count, on a clock that never goes back and knows nothing of the wall clock's jumps. Fake timers
 * set the underlying one back and forth: only its progress counts.
 */
export function nowMs(): number {
  const readMs = wholeMs()
  const progressMs = Math.max(0, readMs - lastReadMs)
  lastReadMs = readMs
  const caughtUpMs = Math.min(aheadMs, progressMs)
  aheadMs -= caughtUpMs
  elapsedMs += progressMs - caughtUpMs
  return elapsedMs
}

function wholeMs(): number {
  return Math.round(performance.now())
}
