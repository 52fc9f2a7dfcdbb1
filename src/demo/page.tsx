export const CLIENT_PATH = '/_portico/demo.js'
export const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

export function DemoPage({ canMint }: { readonly canMint: boolean }) {
  return (
    <html lang="en">
      <head>
        <title>Portico</title>
      </head>
      <body data-can-mint={String(canMint)}>
        <script type="module" src={CLIENT_PATH}></script>
      </body>
    </html>
  )
}
