// Plain text as the data of an event: what tells it from the validators in a contract.

import type { TextCodec } from './contract.js'

// A registered symbol: a contract may be made by the package's CommonJS build and used by its ES modules.
const isText = Symbol.for('eventwire.text')

/** Stands for plain text. */
export const TEXT = { [isText]: true } as unknown as TextCodec

/** Tells whether an entry of a contract stands for plain text. */
export const isTextCodec = (entry: unknown): entry is TextCodec =>
  (entry as { [isText]?: boolean } | null | undefined)?.[isText] === true
