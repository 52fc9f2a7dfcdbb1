/** The refusal's code from the reason of a close frame, `{"code":"token_expired"}`. */
export function refusalCode(reason: string): string | undefined {
  try {
    const { code } = JSON.parse(reason) as { code?: unknown }
    return typeof code === 'string' ? code : undefined
  } catch {
    return undefined
  }
}

/** 4400 to 4499 would be refused again; after 3000 it depends on whether there is a fresh token. */
export function isFinal(closeCode: number, isRenewable: boolean): boolean {
  return (closeCode >= 4400 && closeCode <= 4499) || (closeCode === 3000 && !isRenewable)
}
