/**
 * Loads the modules of the first view one after another, then starts.
 *
 * Files come from the same functions as everything else. Asked for all at once by the first visitor of the day, each
 * would wait for a container of its own to start; in a row, they come from the one that is up. Later visits have them.
 */

for (const name of ["dom", "i18n", "auth", "api", "ui"]) await import(`./${name}.js`);
await import("./main.js");
