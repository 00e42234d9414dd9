// docs/proxies.md shows the configs that are tested, and no others.

import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { PRODUCTS } from './proxy.js'

const HERE = new URL('./', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, HERE), 'utf8')

describe('docs/proxies.md', () => {
  test('shows the configs that the tests run, word for word, and no other', () => {
    const blocks = [...read('../../docs/proxies.md').matchAll(/^```\w+\n(.*?)^```$/gms)]
    const files = readdirSync(new URL('configs/', HERE))
    expect(blocks.map(([, text]) => text).sort()).toEqual(
      files.map((file) => read(`configs/${file}`)).sort(),
    )
    expect(Object.keys(PRODUCTS).sort()).toEqual(files.sort())
  })

  test('shows none that is not held to the contract', () => {
    const tests = readdirSync(HERE).filter((file) => file.endsWith('.test.ts'))
    const described = tests.flatMap((file) =>
      [...read(file).matchAll(/^describeProxy\('([^']+)'/gm)].map(([, config]) => config),
    )
    expect(described.sort()).toEqual(Object.keys(PRODUCTS).sort())
  })
})
