// Every collected behaviour of clients has a test by its id, or a reason for having none.

import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import behaviours from '../vectors/client-behaviours.json' with { type: 'json' }

const IN_BROWSERS = 'of an EventSource in a page; '

/** Why a behaviour has no test. */
const NOT_HELD: Record<string, string> = {
  'req-cors-fail': `${IN_BROWSERS}fetch tells a refusal by CORS from a broken network by nothing, so it is tried again`,
  'req-preflight-safe-id': `${IN_BROWSERS}for fetch Last-Event-ID is an unsafe header, whatever it holds`,
  'close-window-stop': `${IN_BROWSERS}fetch tells it from a broken network by nothing`,
}

const HERE = new URL('./', import.meta.url)
const sources = [HERE, new URL('../browser/', HERE)].flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.test.ts') && name !== 'behaviours.test.ts')
    .map((name) => readFileSync(new URL(name, folder), 'utf8')),
)
const all = sources.join('\n')

const isTested = (id: string) => {
  // Some ids are the words of a table: `res-status-${status}`, and the rows say which.
  const [, stem = '', row = ''] = /^(res-status-|redir-)(\d+)$/.exec(id) ?? []
  if (stem !== '')
    return all.includes(`behaviour(\`${stem}\${`) && new RegExp(`\\b${row}\\b`).test(all)
  return all.includes(`'${id}'`)
}

describe('the behaviours of clients', () => {
  test('are all 80 tested, but for three that have a reason', () => {
    const ids = behaviours.map(({ id }) => id)
    expect(ids.length).toBe(80)
    expect(ids.filter((id) => !(id in NOT_HELD) && !isTested(id))).toEqual([])
    expect(Object.keys(NOT_HELD).filter((id) => isTested(id) || !ids.includes(id))).toEqual([])
  })

  test('have no test of an id that is none', () => {
    const ids = new Set(behaviours.map(({ id }) => id))
    const named = [...all.matchAll(/behaviour\(\s*'([\w-]+)'/g)].map(([, id]) => id as string)
    expect(named.length).toBeGreaterThan(50)
    expect(named.filter((id) => !ids.has(id))).toEqual([])
  })
})
