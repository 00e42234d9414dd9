// The compressors of the runtime, where it has them.

/** What the compressing sinks use of `node:zlib`. */
export type Zlib = Pick<
  typeof import('node:zlib'),
  'constants' | 'crc32' | 'createBrotliCompress' | 'deflateRawSync'
>

interface Runtime {
  readonly process?: { getBuiltinModule?(name: string): Zlib | undefined }
}

/** Not imported: a runtime without it would not load the module. */
export const zlib = builtIn()

function builtIn(): Zlib | undefined {
  try {
    return (globalThis as Runtime).process?.getBuiltinModule?.('node:zlib')
  } catch {
    // The Edge Runtime of Next.js has a `process` that throws at most of what it is asked for.
    return undefined
  }
}
