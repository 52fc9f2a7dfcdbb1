import { css } from './css.ts'

export const chat = css`
  .pane {
    display: flex;
    flex-direction: column;
    gap: 12px;
    height: 360px;
  }

  .pane-head {
    display: flex;
    justify-content: space-between;
    gap: 12px;
  }

  .pane-head .actions {
    flex-wrap: nowrap;
    gap: 0;
    margin: -3px -6px 0 0;
  }

  .status {
    display: flex;
    align-items: center;
    gap: 7px;
    color: var(--soft);
    font-size: 13px;
  }

  .status::before {
    content: '';
    flex: none;
    width: 8px;
    height: 8px;
    border: 2px solid var(--edge);
    border-radius: 50%;
  }

  [data-state='connecting'] .status::before {
    border-color: var(--caution);
  }

  [data-state='in-room'] .status::before {
    border-color: var(--accent);
    background: var(--accent);
  }

  [data-state='refused'] .status {
    color: var(--alarm);
  }

  [data-state='refused'] .status::before {
    border-color: var(--alarm);
    background: var(--alarm);
  }

  .log {
    display: flex;
    flex: 1;
    flex-direction: column;
    gap: 10px;
    min-height: 0;
    padding: 12px;
    border-radius: 9px;
    background: var(--sunken);
    overflow-y: auto;
    overscroll-behavior: contain;
  }

  .log:empty {
    display: grid;
    place-items: center;
  }

  .log:empty::before {
    content: 'The door is closed. Sign in to enter.';
    color: var(--soft);
    font-size: 13px;
  }

  .note {
    color: var(--soft);
    font-size: 12.5px;
    text-align: center;
  }

  .note.alarm {
    color: var(--alarm);
  }

  .said {
    display: grid;
    grid-template-columns: 28px minmax(0, max-content);
    column-gap: 9px;
    align-self: start;
    max-width: 92%;
  }

  .said.own {
    grid-template-columns: minmax(0, max-content) 28px;
    align-self: end;
  }

  .own .face {
    grid-column: 2;
  }

  .own .who,
  .own .text {
    grid-column: 1;
    justify-self: end;
  }

  .face {
    display: grid;
    grid-row: 1 / 3;
    place-items: center;
    width: 28px;
    height: 28px;
    border-radius: 50%;
    background: var(--hue);
    color: light-dark(#ffffff, #14181a);
    font-size: 13px;
    font-weight: 700;
  }

  .who {
    grid-row: 1;
    color: var(--soft);
    font-size: 12px;
    line-height: 1.4;
  }

  .from {
    color: var(--ink);
    font-weight: 650;
  }

  .seal {
    color: var(--accent);
  }

  .seal::before {
    content: '✓ ' / '';
  }

  .text {
    width: fit-content;
    margin-top: 3px;
    padding: 6px 11px;
    border: 1px solid var(--line);
    border-radius: 4px 12px 12px;
    background: var(--surface);
    font-size: 14px;
    overflow-wrap: anywhere;
  }

  .own .text {
    border-color: transparent;
    border-radius: 12px 4px 12px 12px;
    background: var(--wash);
  }

  .compose {
    display: flex;
    gap: 8px;
  }

  .sign-in {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
  }

  .sign-in button {
    flex: 1;
  }

  .sign-in label {
    font-size: 13px;
    font-weight: 600;
  }

  .sign-in .hint {
    flex-basis: 100%;
  }

  .hue-0 {
    --hue: light-dark(#0c6051, #74d2bc);
  }
  .hue-1 {
    --hue: light-dark(#8a3b12, #efab82);
  }
  .hue-2 {
    --hue: light-dark(#2d4f8f, #9dbcf2);
  }
  .hue-3 {
    --hue: light-dark(#7b3468, #e3a6d3);
  }
  .hue-4 {
    --hue: light-dark(#5f4d00, #dcc463);
  }
  .hue-5 {
    --hue: light-dark(#4b3d8f, #bcb0f3);
  }
`
