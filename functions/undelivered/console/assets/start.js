/**
 * Loads the modules of the first view one after another, then starts.
 * The API's function also serves these files. If the first visitor of the day loaded all of them at the same time, each
 * would wait for another container to start. One after another, they come from the same container. Later visits use the
 * browser's cache.
 */

for (const name of ["dom", "i18n", "auth", "api", "ui"]) await import(`./${name}.js`);
await import("./main.js");
