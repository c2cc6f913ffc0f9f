// A select that filters sends its form by itself; the button stays for whoever has no script.
export function drawers(): void {
  document.addEventListener("change", (event) => {
    const field = event.target;
    if (field instanceof HTMLSelectElement && field.form?.hasAttribute("data-filter")) field.form.requestSubmit();
  });
  for (const button of document.querySelectorAll<HTMLElement>("form[data-filter] .when-no-script")) button.hidden = true;
}
