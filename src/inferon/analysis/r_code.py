"""The same analysis in R, one piece a table, with survival, cmprsk and survRM2: for a reader who checks it there."""

from typing import TYPE_CHECKING

from inferon.analysis.r_preparation import preparation, r_name, text

if TYPE_CHECKING:
    from inferon.analysis.analysis import Analysis

SCALES = {"plain": "plain", "log": "log", "log-log": "log-log", "logit": "logit", "arcsine": "arcsin"}
LIMITS = {
    "plain": ["est - q", "est + q"],
    "log": ["est * exp(-q / est)", "est * exp(q / est)"],
    "log-log": ["est^exp(-q / (est * log(est)))", "est^exp(q / (est * log(est)))"],
    "logit": ["plogis(qlogis(est) - q / (est * (1 - est)))", "plogis(qlogis(est) + q / (est * (1 - est)))"],
    "arcsine": [
        "sin(pmax(asin(sqrt(est)) - q / (2 * sqrt(est * (1 - est))), 0))^2",
        "sin(pmin(asin(sqrt(est)) + q / (2 * sqrt(est * (1 - est))), pi / 2))^2",
    ],
}
"""Limits from an estimate and q = z · standard error."""

WEIGHTED = """weighted <- function(p, weight) {  # a log-rank test with any weight, summed over strata
  U <- 0; V <- 0
  for (s in split(p, p$strata)) {
    t <- sort(unique(s$time[s$cause > 0])); g <- levels(p$group)
    Y <- sapply(g, function(k) sapply(t, function(u) sum(s$group == k & s$time >= u & s$start < u)))
    D <- sapply(g, function(k) sapply(t, function(u) sum(s$group == k & s$time == u & s$cause > 0)))
    Y <- matrix(Y, length(t)); D <- matrix(D, length(t)); y <- rowSums(Y); d <- rowSums(D)
    S <- c(1, cumprod(1 - d / y))[seq_along(t)]; w <- weight(t, y, d, S)
    v <- w^2 * d * (y - d) / pmax(y - 1, 1)
    U <- U + colSums(w * (D - d * Y / y)); V <- V + diag(colSums(v * Y / y)) - crossprod(Y / y, v * Y / y)
  }
  chisq <- drop(U[-1] %*% solve(V[-1, -1], U[-1])); df <- length(U) - 1
  c(chisq = chisq, df = df, p = pchisq(chisq, df, lower.tail = FALSE))
}"""


def r_code(analysis: "Analysis") -> str:
    """An R script: reading as declared, then a block for every table that was made."""
    made = {finding.name: finding.title for finding in analysis.findings}
    script = _Script(analysis)
    if not analysis.request.competing:
        made.pop("estimates")
    packages = [
        "survival",
        *(["cmprsk"] if analysis.request.competing else []),
        *(["survRM2"] if script.two_means else []),
    ]
    blocks = [
        "; ".join(f"library({package})" for package in packages),
        "\n".join(preparation(analysis.request, analysis.patients)),
        f"times <- c({', '.join(f'{time:.15g}' for time in analysis.times)})",
        *("\n".join([f"# {title}", *getattr(script, name)()]) for name, title in made.items()),
    ]
    return "\n\n".join(blocks) + "\n"


class _Script:
    """Lines of R for each table, by the table's name."""

    def __init__(self, analysis: "Analysis") -> None:
        self.request, self.patients = analysis.request, analysis.patients
        self.analysis = analysis
        self.right = "group" if self.patients.compared else "1"
        self.surv = "Surv(time, cause > 0)" if self.patients.start is None else "Surv(start, time, cause > 0)"
        self.level = f"{self.request.conf_level:g}"
        self.weights = ", weights = w" if self.request.weights else ""
        self.late = self.patients.entered_late
        self.since = "p$time" if self.patients.start is None else "p$time - p$start"

    @property
    def two_means(self) -> bool:
        """Whether restricted means are compared by survRM2, which knows neither weights nor delayed entry."""
        made = any(finding.name == "restricted_means" for finding in self.analysis.findings)
        return made and self.patients.compared and not self.late and not self.request.weights

    def estimates(self) -> list[str]:
        """Cumulative incidence, in the variance that was used."""
        form = next(iter(next(iter(self.analysis.incidence.values())).values())).variance_form
        if form.startswith("aalen_1978") and self.patients.start is None and not self.weights:
            return self._cuminc(form)
        told = {
            "greenwood_type": "the infinitesimal jackknife; without weights and delayed entry it equals the Greenwood type",
            "infinitesimal_jackknife": "the infinitesimal jackknife",
        }.get(form, f"the infinitesimal jackknife; no package here has {form} with weights or delayed entry")
        labels = ", ".join(text(cause) for cause in ("censored", *self.request.causes))
        surv = "Surv(time, state)" if self.patients.start is None else "Surv(start, time, state)"
        scale = f'conf.type = "{SCALES[self.request.conf_type]}", conf.int = {self.level}'
        return [
            f"p$state <- factor(p$cause, 0:{len(self.request.causes)}, c({labels}))",
            f"aj <- survfit({surv} ~ {self.right}, data = p, id = id{self.weights}, {scale})",
            f"summary(aj, times = times, extend = TRUE)  # standard errors: {told}",
        ]

    def event_free(self) -> list[str]:
        """Kaplan–Meier."""
        robust = ", robust = TRUE" if self.request.variance == "infinitesimal_jackknife" else ""
        scale = f'conf.type = "{SCALES[self.request.conf_type]}", conf.int = {self.level}'
        fit = f"km <- survfit({self.surv} ~ {self.right}, data = p{self.weights}{robust}, {scale})"
        return [fit, "summary(km, times = times, extend = TRUE)"]

    def quantiles(self) -> list[str]:
        """Quartiles of the Kaplan–Meier curves."""
        return ["quantile(km, probs = c(0.25, 0.5, 0.75))"]

    def tests(self) -> list[str]:
        """Gray's tests, the log-rank test and the weighted one."""
        strata = " + strata(strata)" if self.request.strata else ""
        lines = []
        if self.request.competing and self.analysis.gray is not None:
            of_strata = ", strata = p$strata" if self.request.strata else ""
            lines.append(f"cuminc({self.since}, p$cause, p$group{of_strata}, cencode = 0)$Tests")
        if self.late:
            exact = f'coxph({self.surv} ~ group{strata}, data = p, ties = "exact")'
            lines.append(f"summary({exact})$sctest  # survdiff has no delayed entry")
        else:
            lines.append(f"survdiff(Surv({self.since.replace('p$', '')}, cause > 0) ~ group{strata}, data = p)")
        return lines + self._weighted()

    def differences(self) -> list[str]:
        """Each group minus the first, at each report time."""
        free = [
            "s <- summary(km, times = times, extend = TRUE)",
            "S <- matrix(s$surv, length(times)); E <- matrix(s$std.err, length(times))  # a column a group",
            f"z <- qnorm((1 + {self.level}) / 2); D <- S[, -1, drop = FALSE] - S[, 1]",
            "se <- sqrt(E[, -1, drop = FALSE]^2 + E[, 1]^2)",
            "list(difference = D, lower = D - z * se, upper = D + z * se, p = 2 * pnorm(-abs(D / se)))",
        ]
        if not self.request.competing:
            return free
        form = next(iter(next(iter(self.analysis.incidence.values())).values())).variance_form
        told = [f"# here with survfit's standard errors; the table has {form}"] if "1978" in form else []
        return [*told, *self._incidence_differences(), "# event-free survival", *free]

    def hazard_ratios(self) -> list[str]:
        """A Cox model of every cause and, where causes compete, of any event."""
        events = [(f"cause == {number}", cause) for number, cause in enumerate(self.request.causes, start=1)]
        events += [("cause > 0", "any")] if self.request.competing else []
        start = "" if self.patients.start is None else "start, "
        robust = ", weights = w, robust = TRUE" if self.request.weights else ""
        lines = []
        for number, (event, of) in enumerate(events, start=1):
            fit = f"coxph(Surv({start}time, {event}) ~ {self._right_side()}, data = p{robust}"
            lines.append(
                f'cox{number} <- {fit}, ties = "efron"); summary(cox{number}, conf.int = {self.level})  # {of}'
            )
        return lines

    def proportional_hazards(self) -> list[str]:
        """The score test of proportional hazards."""
        number = len(self.request.causes) + self.request.competing
        fits = ", ".join(f"cox{i}" for i in range(1, number + 1))
        return [f"lapply(list({fits}), cox.zph, terms = FALSE)"]

    def subdistribution_hazard_ratios(self) -> list[str]:
        """Fine–Gray: crr, or finegray where there are strata, weights or delayed entry."""
        if self.late or self.request.strata or self.request.weights:
            return self._finegray()
        names = self._names()
        lines = [f"m <- p[complete.cases(p[, c({', '.join(text(name) for name in names)}), drop = FALSE]), ]"]
        lines.append(f"x <- model.matrix(~ {' + '.join(names)}, data = m)[, -1, drop = FALSE]")
        since = self.since.replace("p$", "m$")
        return lines + [
            f"summary(crr({since}, m$cause, x, failcode = {number}, cencode = 0), conf.int = {self.level})  # {cause}"
            for number, cause in enumerate(self.request.causes, start=1)
        ]

    def restricted_means(self) -> list[str]:
        """rmst2 of each group against the first, or the means alone; time lost from survfit."""
        tau, shift = self._tau()
        alpha = f"{1 - self.request.conf_level:.15g}"
        lines = [f"print(km, rmean = {tau + shift:.15g})"]
        if self.two_means:
            lines = [
                f"two <- p[p$group %in% c({text(self.patients.groups[0])}, {text(label)}), ]; "
                f"rmst2({self.since.replace('p$', 'two$')}, as.integer(two$cause > 0), as.integer(two$group == {text(label)}), "
                f"tau = {tau:.15g}, alpha = {alpha})"
                for label in self.patients.groups[1:]
            ]
        if self.request.competing:
            aj = self._survfit_incidence() if "1978" in (self.request.variance or "") else []
            return [*lines, *aj, f"print(aj, rmean = {tau + shift:.15g})  # mean time lost to each cause"]
        return lines

    def _cuminc(self, form: str) -> list[str]:
        group = ", p$group" if self.patients.compared else ""
        told = (
            "" if form.endswith("cmprsk") else "  # the variance as printed in textbooks agrees with this to about 1e-3"
        )
        lower, upper = LIMITS[self.request.conf_type]
        return [
            f"ci <- timepoints(cuminc({self.since}, p$cause{group}, cencode = 0), times){told}",
            f"est <- ci$est; q <- qnorm((1 + {self.level}) / 2) * sqrt(ci$var)",
            f"list(est = est, se = sqrt(ci$var), lower = {lower}, upper = {upper})",
        ]

    def _survfit_incidence(self) -> list[str]:
        surv = "Surv(time, state)" if self.patients.start is None else "Surv(start, time, state)"
        labels = ", ".join(text(cause) for cause in ("censored", *self.request.causes))
        return [
            f"p$state <- factor(p$cause, 0:{len(self.request.causes)}, c({labels}))",
            f'aj <- survfit({surv} ~ {self.right}, data = p, id = id{self.weights}, conf.type = "log-log", '
            f"conf.int = {self.level})",
        ]

    def _incidence_differences(self) -> list[str]:
        """With intervals recovered from log-log limits, or Wald ones."""
        sides = {
            "recovered": ["sqrt((e - l)^2 + (u0 - e0)^2)", "sqrt((u - e)^2 + (e0 - l0)^2)"],
            "wald": [f"qnorm((1 + {self.level}) / 2) * sqrt(v^2 + v0^2)"] * 2,
        }[self.request.difference]
        return [
            *self._survfit_incidence(),
            "s <- summary(aj, times = times, extend = TRUE)",
            f"for (k in seq_len({len(self.request.causes)})) {{  # one cause after the other, a column a group",
            "  part <- function(m) matrix(m[, k + 1], length(times))",
            "  E <- part(s$pstate); V <- part(s$std.err); L <- part(s$lower); U <- part(s$upper)",
            "  e <- E[, -1, drop = FALSE]; v <- V[, -1, drop = FALSE]; l <- L[, -1, drop = FALSE]; u <- U[, -1, drop = FALSE]",
            "  e0 <- E[, 1]; v0 <- V[, 1]; l0 <- L[, 1]; u0 <- U[, 1]",
            f"  print(list(difference = e - e0, lower = e - e0 - {sides[0]}, upper = e - e0 + {sides[1]},",
            "             p = 2 * pnorm(-abs((e - e0) / sqrt(v^2 + v0^2)))))",
            "}",
        ]

    def _finegray(self) -> list[str]:
        names = self._names()
        start = "start, " if self.late else ""
        clock = [] if self.late or self.patients.start is None else ["m$time <- m$time - m$start"]
        strata = " + strata(strata)" if self.request.strata else ""
        weights = ", weights = w" if self.request.weights else ""
        labels = ", ".join(text(cause) for cause in ("censored", *self.request.causes))
        lines = [f"m <- p[complete.cases(p[, c({', '.join(text(name) for name in names)}), drop = FALSE]), ]", *clock]
        lines.append(f"m$state <- factor(m$cause, 0:{len(self.request.causes)}, c({labels}))")
        for cause in self.request.causes:
            expand = f"fg <- finegray(Surv({start}time, state) ~ ., data = m, id = id, etype = {text(cause)}{weights})"
            fit = f"coxph(Surv(fgstart, fgstop, fgstatus) ~ {' + '.join(names)}{strata}, data = fg, weights = fgwt, "
            lines += [expand, f"summary({fit}cluster = id), conf.int = {self.level})  # {cause}"]
        return lines

    def _weighted(self) -> list[str]:
        weighting = self.request.weighting
        if weighting is None:
            return []
        lines = ["q$strata <- 1"] if not self.request.strata else []
        lines += ["q$start <- -Inf"] if self.patients.start is None else []
        return [WEIGHTED, "q <- p", *lines, f"weighted(q, function(t, y, d, S) {weighting.in_r})  # {weighting}"]

    def _names(self) -> list[str]:
        covariates = [r_name(c.column) for c in self.request.covariates]
        return ["group", *covariates] if self.patients.compared else covariates

    def _right_side(self) -> str:
        return " + ".join([*self._names(), *(["strata(strata)"] if self.request.strata else [])])

    def _tau(self) -> tuple[float, float]:
        """The horizon counted from the common entry, and that entry."""
        tau = self.request.tau or max(self.request.times or (0.0,))
        shift = 0.0 if self.patients.start is None or self.late else float(self.patients.start[0])
        return tau - shift, shift
