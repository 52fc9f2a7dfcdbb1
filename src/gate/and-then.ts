/**
 * Goes on with what is there, at once, and with what comes once it is there. For the way that every
 * request takes: each promise that only waits for another costs it a thirtieth of its CPU time.
 */
export function andThen<T, R>(
  value: T | Promise<T>,
  goOn: (value: T) => R | Promise<R>,
): R | Promise<R> {
  return value instanceof Promise ? value.then(goOn) : goOn(value)
}
