// The figures that the docs name are those that were measured, and the arithmetic behind them.

import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { digits, isHeld, measured, median, ratio } from '../../bench/runner/figures.js'
import { PAGES, written } from '../../bench/runner/page.js'
import { readResults } from '../../bench/runner/results.js'

const docs = (path: string) => new URL(`../../docs/${path}`, import.meta.url)

const table = {
  key: 'sums',
  title: 'sums',
  rows: {
    control: { ns: [10, 20, 40] },
    ours: { ns: [5, 40, 20] },
    'control, many': { ns: [20, 40, 80] },
    'ours, many': { ns: [20, 160, 80] },
  },
}

describe('a page with figures', () => {
  test.each(PAGES)('%s says what bench/results.json has', (page) => {
    const text = readFileSync(docs(page), 'utf8')
    expect(text).toMatch(/<!-- bench: /)
    expect(written(text, readResults())).toBe(text)
  })

  // A line that begins with a comment is no text to Markdown: it ended the sentence there, in the middle.
  test.each(PAGES)('%s has no line of a sentence that begins with a mark', (page) => {
    expect(readFileSync(docs(page), 'utf8')).not.toMatch(/^\s*<!-- bench: (figure|ratio|above) /m)
  })

  test.each(['performance.md', 'why-sse.md'])(
    '%s shows charts that are there, for light and for dark',
    (page) => {
      const charts = [...readFileSync(docs(page), 'utf8').matchAll(/"(charts\/[^"]+)"/g)]
      expect(charts.length).toBeGreaterThan(0)
      expect(charts.filter(([, path = '']) => !existsSync(docs(path)))).toEqual([])
    },
  )

  test('has blocks and figures replaced, and nothing else', () => {
    const results = {
      adding: { date: '', seconds: 1, machine: {}, tables: [{ ...table, goals: [] }] },
    }
    const text = [
      'It takes <!-- bench: ratio adding/sums | ours | control | ns -->9<!-- /bench --> times as long,',
      '<!-- bench: figure adding/sums | control | ns --><!-- /bench --> ns, and | <!-- bench: above adding/sums; control, many; control --><!-- /bench --> |',
    ].join('\n')
    expect(written(text, results).replace(/<!--.*?-->/g, '')).toBe(
      'It takes 0.5 times as long,\n20 ns, and | 20 |',
    )
  })

  test('is refused where it asks for what nobody measures', () => {
    expect(() => written('<!-- bench: guess x --><!-- /bench -->', {})).toThrow(/got guess/)
    expect(() => written('<!-- bench: table no/thing --><!-- /bench -->', {})).toThrow('no/thing')
  })
})

describe('README', () => {
  const readme = readFileSync(docs('../README.md'), 'utf8').replaceAll(/\s+/g, ' ')

  test('says of slow clients what the comparison has', () => {
    const comparison = readFileSync(docs('comparison.md'), 'utf8')
    const [, list = ''] = /^\*\*slow client\*\*.*\n\n((?:- .*\n)+)/m.exec(comparison) ?? []
    const [ours, ...others] = [...list.matchAll(/(\d+) MiB held/g)].map(([, mib]) => Number(mib))

    expect(others.length).toBe(7)
    expect(readme).toContain(
      `${ours} MiB was held here, and ${Math.min(...others)} to ${Math.max(...others)} MiB by each of seven other packages`,
    )
  })
})

describe('a figure', () => {
  test('is a median, between the two in the middle where there are two', () => {
    expect(median([3, 1, 2])).toBe(2)
    expect(median([4, 1, 2, 3])).toBe(2.5)
  })

  test('is a ratio of the same rounds', () => {
    // Of the medians it would be 1.
    expect(ratio(table, 'ours', 'control')).toBe(0.5)
  })

  test('has no more digits than it can bear', () => {
    expect([0.123456, 1.23456, 12.3456, 123.456, 12_345.6].map(digits)).toEqual([
      '0.12',
      '1.23',
      '12',
      '123',
      '12,300',
    ])
  })
})

describe('a goal', () => {
  const goal = { work: 'sums', row: 'ours', over: 'control', unit: 'ns' }

  test.each([
    ['at most so many times a control', { atMost: 0.5 }, 0.5, true],
    ['at most so many times a control, missed', { atMost: 0.4 }, 0.5, false],
    ['so many times as fast', { faster: 2 }, 2, true],
    ['so many times as fast, missed', { faster: 2.1 }, 2, false],
    ['so much above a control', { atMostAbove: 0 }, 0, true],
    ['so much above a control, missed', { atMostAbove: -1 }, 0, false],
  ])('%s', (_name, terms, value, held) => {
    expect(measured(table, { ...goal, ...terms })).toBe(value)
    expect(isHeld(table, { ...goal, ...terms })).toBe(held)
  })

  test('growth, beside that of the control', () => {
    const growth = {
      ...goal,
      row: 'ours, many',
      over: 'control, many',
      since: { row: 'ours', over: 'control' },
    }
    expect(measured(table, { ...growth, growsAtMost: 2 })).toBe(2)
    expect(isHeld(table, { ...growth, growsAtMost: 2 })).toBe(true)
    expect(isHeld(table, { ...growth, growsAtMost: 1.9 })).toBe(false)
  })
})
