// What a run tells while it works: which bench, how far, and how long it may still take.

const isTerminal = process.stderr.isTTY === true

class Progress {
  #benches = []
  #at = -1
  #secondsOf = () => undefined
  #startedMs = 0
  #benchStartedMs = 0

  /**
   * Begins a run.
   *
   * @param {string[]} benches
   * @param {(bench: string) => number | undefined} secondsOf - what each took the last time
   */
  start(benches, secondsOf) {
    this.#benches = benches
    this.#secondsOf = secondsOf
    this.#startedMs = performance.now()
  }

  /** The next bench begins. */
  next() {
    this.#at++
    this.#benchStartedMs = performance.now()
    if (!isTerminal) process.stderr.write(`${this.#position()}\n`)
  }

  /** How many seconds the bench has taken so far. */
  get benchSeconds() {
    return Math.round((performance.now() - this.#benchStartedMs) / 1_000)
  }

  /** Says what is being done; the line makes room for the next. */
  doing(text) {
    if (!isTerminal) return
    const line = `${this.#position()}: ${text}`
    process.stderr.write(`\r\x1b[K${line.slice(0, (process.stderr.columns || 80) - 1)}`)
  }

  /** Makes room for what is printed. */
  clear() {
    if (isTerminal) process.stderr.write('\r\x1b[K')
  }

  #position() {
    const left = this.#benches
      .slice(this.#at)
      .reduce((sum, bench) => sum + (this.#secondsOf(bench) ?? 60), 0)
    const seconds = Math.max(0, left - this.benchSeconds)
    const passed = clock((performance.now() - this.#startedMs) / 1_000)
    return `[${this.#at + 1}/${this.#benches.length}] ${passed}, about ${clock(seconds)} to go: ${this.#benches[this.#at]}`
  }
}

const clock = (seconds) =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`

/** Of this process, which runs one bench at a time. */
export const progress = new Progress()
