// Each code of an SseError is a heading of docs/errors.md.

import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

const CODE = /ERR_SSE_[A-Z_]+/g

describe('docs/errors.md', () => {
  test('has one heading for each code, and no other', () => {
    const [union] = /export type SseErrorCode =[^/]*?\n\n/.exec(read('src/errors.ts')) ?? ['']
    const codes = union.match(CODE) ?? []
    const headings = [...read('docs/errors.md').matchAll(/^## `(\w+)`$/gm)].map(([, code]) => code)
    expect(codes.length).toBeGreaterThan(0)
    expect(headings.sort()).toEqual([...codes].sort())
  })
})
