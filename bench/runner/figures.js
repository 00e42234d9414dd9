// What readings come to: medians, spreads, ratios of rows in the same rounds, and whether a goal is held.

/**
 * The readings of each row, by their units, in the order of the rounds.
 *
 * @typedef {Record<string, Record<string, number[]>>} Rows
 *
 * What a row is to keep to, beside another of its table. One of:
 * - `atMost`: times the other's reading,
 * - `faster`: times the other's speed, where readings are times,
 * - `atMostAbove`: the difference of both, in the unit,
 * - `growsAtMost`: the ratio of both, as a multiple of that of the rows `since`.
 * @typedef {{ work: string, row: string, over: string, unit?: string, atMost?: number, faster?: number,
 *   atMostAbove?: number, growsAtMost?: number, since?: { row: string, over: string } }} Goal
 *
 * @typedef {{ key: string, title: string, rows: Rows, goals?: Goal[], ratios?: string[] }} Table
 * `ratios` are the units for which the ratio to the first row says something: all, if left out.
 */

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b)
  const upper = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[upper] : (sorted[upper - 1] + sorted[upper]) / 2
}

/** Three digits, and no more than a reader needs. */
export function digits(value) {
  if (!Number.isFinite(value)) return String(value)
  return Math.abs(value) >= 100
    ? Math.round(Number(value.toPrecision(3))).toLocaleString('en-US')
    : String(Number(value.toPrecision(value < 10 && value > 1 ? 3 : 2)))
}

/** Of values between 0 and 100 %, in ascending order. */
export const percentile = (sorted, percent) =>
  sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)]

/** @param {Table} table */
export const unitsOf = ({ rows }) => [
  ...new Set(Object.values(rows).flatMap((readings) => Object.keys(readings))),
]

/** The median of a row's readings. */
export function figure(table, row, unit = unitsOf(table)[0]) {
  return median(readingsOf(table, row, unit))
}

/** The median of the ratios of two rows in each round: what befell a round befell both. */
export function ratio(table, row, over, unit = unitsOf(table)[0]) {
  const controls = readingsOf(table, over, unit)
  return median(readingsOf(table, row, unit).map((value, round) => value / controls[round]))
}

/** How much more the one is than the other. */
export const above = (table, row, over, unit) =>
  figure(table, row, unit) - figure(table, over, unit)

/**
 * What a goal comes to, in its own terms.
 *
 * @param {Table} table
 * @param {Goal} goal
 */
export function measured(table, { row, over, unit, faster, atMostAbove, growsAtMost, since }) {
  if (faster !== undefined) return ratio(table, over, row, unit)
  if (atMostAbove !== undefined) return above(table, row, over, unit)
  if (growsAtMost !== undefined) {
    return ratio(table, row, over, unit) / ratio(table, since.row, since.over, unit)
  }
  return ratio(table, row, over, unit)
}

/**
 * Whether a goal is held.
 *
 * @param {Table} table
 * @param {Goal} goal
 */
export function isHeld(table, goal) {
  const value = measured(table, goal)
  return goal.faster === undefined
    ? value <= (goal.atMost ?? goal.atMostAbove ?? goal.growsAtMost)
    : value >= goal.faster
}

function readingsOf({ key, rows }, row, unit) {
  const readings = rows[row]?.[unit]
  if (readings === undefined) throw new Error(`${key} has no readings of "${row}" in "${unit}"`)
  return readings
}
