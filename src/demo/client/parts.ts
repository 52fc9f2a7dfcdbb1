/**
 * The element of the server's markup that the script works on.
 *
 * @param part the name of a `data-part`, or a CSS selector with brackets
 */
export function findPart<E extends Element>(root: ParentNode, part: string, type: new () => E): E {
  const found = root.querySelector(part.includes('[') ? part : `[data-part=${part}]`)
  if (found instanceof type) return found
  throw new TypeError(`the page has no ${part}`)
}
