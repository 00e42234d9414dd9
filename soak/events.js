// The events of a soak: what each number carries, and who sees it. Server and clients make them by the same rule.

/** How far back a client may resume. */
export const MAX_EVENTS = 500

/** Every fifth is large, and for those who ask for it: what fills the buffers of a client that stalls. */
export const isBulk = (number) => number % 5 === 0

const LINES = ['plain text', '  leading spaces', 'ünïcödé 😀', 'a colon: here', '', 'data: x']

/** The data of event `number`: text of several lines, or 256 KiB. */
export function dataOf(number) {
  if (isBulk(number)) return `${number} `.padEnd(262_144, `${number % 7}`)
  const lines = Array.from(
    { length: 1 + (number % 4) },
    (_, i) => LINES[(number + i) % LINES.length],
  )
  return `${number} ${lines.join('\n')}`
}

/** Numbers that look random and are the same each time. */
export function seeded(seed) {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    return state / 2 ** 32
  }
}
