// Before anything is painted: dark or light as chosen here, else as the system has it.
"use strict";
(() => {
  const NAME = "salespulse-theme";
  const ORDER = ["system", "light", "dark"];
  const root = document.documentElement;
  let chosen = "system";
  try {
    chosen = localStorage.getItem(NAME) || chosen;
  } catch {
    // Storage may be forbidden: then the system decides.
  }
  const show = () => {
    root.dataset.theme = chosen;
    const button = document.getElementById("theme");
    if (button) button.textContent = `Theme: ${chosen}`;
  };
  const told = () => document.dispatchEvent(new Event("theme"));
  show();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", told);
  document.addEventListener("DOMContentLoaded", () => {
    show();
    document.getElementById("theme")?.addEventListener("click", () => {
      chosen = ORDER[(ORDER.indexOf(chosen) + 1) % ORDER.length];
      try {
        localStorage.setItem(NAME, chosen);
      } catch {
        // It holds for this page then.
      }
      show();
      told();
    });
  });
})();
