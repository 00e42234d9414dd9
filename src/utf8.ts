// Text as UTF-8, without `node:`.

const encoder = new TextEncoder()

/** Gives the bytes of `text`. */
export const encodeText = (text: string): Uint8Array => encoder.encode(text)

interface NativeBuffer {
  byteLength(text: string): number
}

// Node, Bun and Deno count natively. Elsewhere a count by encoding costs a copy, but is right.
const native = (globalThis as { Buffer?: NativeBuffer }).Buffer

/** Gives the number of bytes that `text` takes. */
export const byteLength = (text: string): number =>
  native ? native.byteLength(text) : encodeText(text).length
