import { timingSafeEqual } from 'node:crypto'

/** Gives Node what the gate's own checks of tokens take from the Workers runtime. */
export function addWorkerGlobals(): void {
  Object.assign(crypto.subtle, { timingSafeEqual })
}
