// Sources that tell how they were used.

/** A web stream that makes its chunks when they are asked for. */
export class TestStream<Chunk> {
  pulls = 0
  cancelled: unknown[] = []
  readonly stream: ReadableStream<Chunk>

  /** @param next - gives the next chunk, `undefined` at the end; a promise that never settles blocks */
  constructor(next: (index: number) => Chunk | undefined | Promise<Chunk | undefined>) {
    this.stream = new ReadableStream<Chunk>(
      {
        pull: async (controller) => {
          const chunk = await next(this.pulls++)
          if (chunk === undefined) controller.close()
          else controller.enqueue(chunk)
        },
        cancel: (reason) => {
          this.cancelled.push(reason)
        },
      },
      // Nothing is made ahead by the stream itself: what is made, the reader has asked for.
      { highWaterMark: 0 },
    )
  }
}

/** Gives the chunks, then blocks for ever. */
export const thenBlocked =
  <Chunk>(...chunks: Chunk[]) =>
  (index: number): Chunk | Promise<undefined> =>
    chunks[index] ?? new Promise<undefined>(() => {})

/** Gives the chunks, then ends. */
export const thenEnded =
  <Chunk>(...chunks: Chunk[]) =>
  (index: number): Chunk | undefined =>
    chunks[index]

export async function all<Item>(source: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = []
  for await (const item of source) items.push(item)
  return items
}

export async function* generated<Chunk>(...chunks: Chunk[]): AsyncGenerator<Chunk> {
  yield* chunks
}

/** What a promise rejects with. */
export async function rejection(
  promise: PromiseLike<unknown>,
): Promise<Error & Record<string, unknown>> {
  try {
    await promise
  } catch (error) {
    return error as Error & Record<string, unknown>
  }
  throw new Error('It has not rejected')
}
