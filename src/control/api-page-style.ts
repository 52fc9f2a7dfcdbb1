export const apiPageStyle = `
:root { color-scheme: light dark; }
body {
  max-width: 52rem;
  margin: 0 auto;
  padding: 1rem;
  background: light-dark(#f3f0e8, #111416);
  color: light-dark(#1d2220, #ebe7de);
  font: 16px/1.5 system-ui, sans-serif;
  overflow-wrap: anywhere;
}
h1 { font-size: 1.5rem; }
h2 { margin-top: 2rem; font-size: 1.25rem; }
h3 { margin: 0; font-size: 1rem; }
a { color: light-dark(#0c6051, #74d2bc); }
code { font-family: ui-monospace, monospace; font-size: 0.9em; }
em, .said { color: light-dark(#595d55, #a7aba4); }
section {
  margin: 0 0 1rem;
  padding: 0.75rem 1rem;
  border-radius: 10px;
  background: light-dark(#fffefb, #191d1f);
}
section:target { outline: 2px solid light-dark(#0c6051, #74d2bc); }
section p { margin: 0.25rem 0 0.5rem; }
ul { margin: 0; padding-left: 1.25rem; }
dl { display: grid; grid-template-columns: minmax(3rem, 9rem) minmax(0, 1fr); gap: 0.25rem 1rem; margin: 0; }
dt { font-weight: 600; }
dd { margin: 0; }
@media (max-width: 30rem) {
  dl { grid-template-columns: minmax(0, 1fr); }
  dd { margin-bottom: 0.5rem; }
}
`
