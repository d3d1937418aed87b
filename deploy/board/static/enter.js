"use strict";
document.getElementById("wrong").hidden = location.hash !== "#wrong";
