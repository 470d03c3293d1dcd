// @ts-check
/** The pictures of the page, drawn for it: lines on a grid of 24, in the color of the text. */

import { html, svg } from "../vendor/lit-3.3.3.min.js";

/** @type {Record<string, unknown>} */
const ICONS = {
  mark: svg`<path d="M3.5 11.2 12 4.5l8.5 6.7v8.3a1.5 1.5 0 0 1-1.5 1.5H5a1.5 1.5 0 0 1-1.5-1.5z"/>
    <circle cx="8.6" cy="14.8" r="1.7" fill="currentColor" stroke="none"/>
    <circle cx="15.4" cy="14.8" r="1.7" fill="currentColor" stroke="none"/>
    <path d="M9.5 14.8h5" stroke-width="1.6"/>`,
  escrows: svg`<path d="M6 3h8l4 4v14H6z"/>
    <path d="M14 3v4h4M9 12h6M9 16h4"/>`,
  listings: svg`<path d="M4 11 12 4.5 20 11v9H4z"/>
    <path d="M10 20v-6h4v6"/>`,
  leads: svg`<path d="M4 5h16l-6 7.5V19l-4-2v-4.5z"/>`,
  clients: svg`<circle cx="12" cy="8" r="4"/>
    <path d="M4.5 20.5a7.5 7.5 0 0 1 15 0"/>`,
  contacts: svg`<rect x="5" y="3.5" width="14.5" height="17" rx="1.5"/>
    <circle cx="12.3" cy="10" r="2.4"/>
    <path d="M8.3 16.5a4 4 0 0 1 8 0M2.8 8h2.2M2.8 12h2.2M2.8 16h2.2"/>`,
  appointments: svg`<rect x="3.5" y="5" width="17" height="15.5" rx="1.5"/>
    <path d="M3.5 10h17M8 3v4M16 3v4M8 14h3v3H8z"/>`,
  activity: svg`<path d="M3 12h4l3-7 4 14 3-7h4"/>`,
  team: svg`<circle cx="9" cy="8" r="3.5"/>
    <path d="M2.5 20a6.5 6.5 0 0 1 13 0M16 4.8a3.5 3.5 0 0 1 0 6.4M18 14.5a6.5 6.5 0 0 1 3.5 5.5"/>`,
  board: svg`<rect x="3.5" y="4" width="4.5" height="16" rx="1.2"/>
    <rect x="9.8" y="4" width="4.5" height="11" rx="1.2"/>
    <rect x="16.1" y="4" width="4.5" height="14" rx="1.2"/>`,
  table: svg`<rect x="3.5" y="4.5" width="17" height="15" rx="1.5"/>
    <path d="M3.5 9.5h17M3.5 14.5h17M9 9.5v10"/>`,
  rail: svg`<rect x="3.5" y="4.5" width="17" height="15" rx="1.5"/>
    <path d="M14.5 4.5v15M17 8.5h1M17 11.5h1"/>`,
  search: svg`<circle cx="11" cy="11" r="6.5"/>
    <path d="m16 16 4.5 4.5"/>`,
  plus: svg`<path d="M12 5v14M5 12h14"/>`,
  close: svg`<path d="m6 6 12 12M18 6 6 18"/>`,
  check: svg`<path d="m5 12.5 4.5 4.5L19 7.5"/>`,
  circle: svg`<circle cx="12" cy="12" r="7"/>`,
  edit: svg`<path d="m4.5 19.5.8-4L15.5 5.3a1.8 1.8 0 0 1 2.5 0l.7.7a1.8 1.8 0 0 1 0 2.5L8.5 18.7z"/>`,
  link: svg`<path d="M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.3l-1 1M14 10a4 4 0 0 0-5.7 0l-3 3A4 4 0 0 0 11 18.7l1-1"/>`,
  out: svg`<path d="M14 5h5v5M19 5l-8 8M17 14v4.5H5.5V7H10"/>`,
  archive: svg`<path d="M4 5h16v4H4zM5.5 9v10.5h13V9M10 13h4"/>`,
  trash: svg`<path d="M4.5 7h15M9.5 7V4.5h5V7M6.5 7l.8 12.5h9.4L17.5 7M10.3 11v5M13.7 11v5"/>`,
  again: svg`<path d="M19.5 12a7.5 7.5 0 1 1-2.4-5.5M19.5 3.5v4h-4"/>`,
  alert: svg`<path d="M12 4 2.8 19.5h18.4zM12 10v4.5M12 17v.1"/>`,
  info: svg`<circle cx="12" cy="12" r="8.5"/>
    <path d="M12 11v5M12 8v.1"/>`,
  lock: svg`<rect x="5" y="10.5" width="14" height="9.5" rx="1.5"/>
    <path d="M8 10.5V8a4 4 0 0 1 8 0v2.5"/>`,
  clock: svg`<circle cx="12" cy="12" r="8.5"/>
    <path d="M12 7.5V12l3 2"/>`,
  eye: svg`<path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z"/>
    <circle cx="12" cy="12" r="3"/>`,
  "eye-off": svg`<path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z"/>
    <circle cx="12" cy="12" r="3"/>
    <path d="m4 20 16-16"/>`,
  leave: svg`<path d="M13 4.5H5.5v15H13M10 12h10M16.5 8.5 20 12l-3.5 3.5"/>`,
  up: svg`<path d="M12 19V5M6 11l6-6 6 6"/>`,
  down: svg`<path d="M12 5v14M6 13l6 6 6-6"/>`,
  fold: svg`<path d="m11.5 7-5 5 5 5M17.5 7l-5 5 5 5"/>`,
  unfold: svg`<path d="m8 5 7 7-7 7"/>`,
};

/** @param {string} name */
export const icon = (name) =>
  html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">${ICONS[name]}</svg>`;
