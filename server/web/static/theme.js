// Before the first paint, so that a dark page never flashes white. A classic script: modules run later.
document.documentElement.dataset.theme = localStorage.getItem("homeroom.theme") ?? "auto";
