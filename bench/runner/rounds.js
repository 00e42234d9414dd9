// Interleaved rounds: what the machine does meanwhile befalls all rows alike.

import { progress } from './progress.js'

/**
 * A reading, or several by their units.
 *
 * @typedef {number | Record<string, number>} Reading
 */

/**
 * Measures each of `rows` once a round.
 *
 * @param {Record<string, () => Reading | Promise<Reading>>} rows
 * @param {{ rounds: number, unit?: string, isWarm?: boolean }} options - `unit` names what a bare number is; rows that are
 * not warm have a round first that does not count: the compiler's
 * @returns {Promise<import('./figures.js').Rows>} all readings, in the order of the rounds
 */
export async function compare(rows, { rounds, unit = '', isWarm = false }) {
  if (!isWarm) {
    for (const [name, measure] of Object.entries(rows)) {
      progress.doing(`warming up: ${name}`)
      await measure()
    }
  }
  const seen = Object.fromEntries(Object.keys(rows).map((name) => [name, {}]))
  for (let round = 0; round < rounds; round++) {
    for (const [name, measure] of Object.entries(rows)) {
      progress.doing(`round ${round + 1} of ${rounds}: ${name}`)
      const reading = await measure()
      const readings = typeof reading === 'number' ? { [unit]: reading } : reading
      for (const [key, value] of Object.entries(readings)) {
        seen[name][key] ??= []
        seen[name][key].push(Number(value.toPrecision(6)))
      }
    }
  }
  return seen
}
