// Finding elements of the page.

/**
 * Gives the element with an id that the page is known to have.
 *
 * @param {string} id
 * @returns {HTMLElement}
 */
export function element(id) {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`The page has no element "${id}"`)
  return found
}

/**
 * @param {string} id
 * @param {string | number} text
 */
export function setText(id, text) {
  const target = element(id)
  if (target.textContent !== `${text}`) target.textContent = `${text}`
}

/**
 * @param {string} id
 * @returns {HTMLButtonElement}
 */
export function button(id) {
  return /** @type {HTMLButtonElement} */ (element(id))
}
