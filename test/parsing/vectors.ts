// The vectors of wire text, with what a browser makes of them: collected from the standard and from the tests of many parsers.

import vectors from '../vectors/parse.json' with { type: 'json' }

interface Vector {
  id: string
  chunks: (string | { b64: string })[]
  expected: {
    events: { event: string; data: string; id: string }[]
    lastEventId: string
    retry?: number
    comments?: string[]
  }
}

const bytesOf = (chunk: Vector['chunks'][number]): Uint8Array =>
  typeof chunk === 'string'
    ? new TextEncoder().encode(chunk)
    : Uint8Array.from(Buffer.from(chunk.b64, 'base64'))

/** A vector, with its chunks as bytes. */
export const VECTORS = (vectors as Vector[]).map(({ id, chunks, expected }) => ({
  id,
  chunks: chunks.map(bytesOf),
  expected,
}))

/** The same bytes in one chunk, as they are given, and one by one. */
export const CUTS: Record<string, (chunks: Uint8Array[]) => Uint8Array[]> = {
  'as given': (chunks) => chunks,
  whole: (chunks) => [joined(chunks)],
  'byte by byte': (chunks) => Array.from(joined(chunks), (byte) => Uint8Array.of(byte)),
}

export const joined = (chunks: Uint8Array[]): Uint8Array =>
  Uint8Array.from(chunks.flatMap((chunk) => [...chunk]))

/** What a decoder makes of the chunks: some give no text. */
export function decoded(chunks: Uint8Array[]): string[] {
  const decoder = new TextDecoder()
  return [...chunks.map((chunk) => decoder.decode(chunk, { stream: true })), decoder.decode()]
}
