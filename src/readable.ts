// The part of web streams that is needed to read them, whoever made them.

/** The part of a web `ReadableStream` that is needed to read it. */
export interface ReadableStreamLike<Item> {
  /** Gives the one reader that it can have. */
  getReader(): ReaderLike<Item>
}

/** The part of a reader of a web `ReadableStream` that is needed. */
export interface ReaderLike<Item> {
  /** Gives the next item. */
  read(): Promise<ReadResult<Item>>
  /** Tells the source that no more is wanted. */
  cancel(reason?: unknown): Promise<unknown>
}

/** What a reader gives at each read. */
export interface ReadResult<Item> {
  /** Whether there are no more items. */
  done: boolean
  /** The item, unless done. */
  value?: Item | undefined
}
