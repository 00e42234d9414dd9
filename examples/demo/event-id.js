// Ids of events: a place in a sequence, and the run of the server whose sequence it is.

const RUN = Date.now().toString(36).slice(-6)

/**
 * @param {number} place - an integer >= 0
 * @returns {string}
 */
export function eventIdOf(place) {
  return `${RUN}-${place}`
}

/**
 * Gives the place that an id stands for; `undefined` for one that this run has not given.
 *
 * @param {string} id
 * @returns {number | undefined}
 */
export function placeOf(id) {
  const [run, place = ''] = id.split('-')
  return run === RUN && /^\d{1,15}$/.test(place) ? Number(place) : undefined
}
