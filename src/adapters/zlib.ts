// The compressors of the runtime, where it has them.

import { builtIn } from '../built-in.js'

/** What the compressing sinks use of `node:zlib`. */
export type Zlib = Pick<
  typeof import('node:zlib'),
  'constants' | 'crc32' | 'createBrotliCompress' | 'deflateRawSync'
>

export const zlib = builtIn<Zlib>('node:zlib')
