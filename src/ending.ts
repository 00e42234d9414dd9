// The end of something that waits: whatever it waits for, it also waits for that.

/** An end that may come at any moment. */
export class Ending {
  isOver = false
  /** What is to hear of it, once. */
  readonly #listeners = new Set<() => void>()

  end(): void {
    this.isOver = true
    for (const listener of this.#listeners) listener()
    this.#listeners.clear()
  }

  /** Calls `listener` at the end, or at once if that has come. Gives what takes it back. */
  onEnd(listener: () => void): () => void {
    if (this.isOver) listener()
    else this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Settles as `promise` does, or with `undefined` at the end. */
  orOver<T>(promise: PromiseLike<T>): Promise<T | undefined> {
    // Not a race against one promise of the end: that would hold the outcome of each race until then.
    return new Promise((resolve, reject) => {
      const forget = this.onEnd(() => resolve(undefined))
      const settle = (outcome: () => void) => {
        forget()
        outcome()
      }
      promise.then(
        (result) => settle(() => resolve(this.isOver ? undefined : result)),
        (error) => settle(() => reject(error)),
      )
    })
  }
}
