"""The words of days in four languages: months of all Arabic-speaking countries, weekdays, distances."""

from babel.dates import get_day_names, get_month_names

from bot.words import fold, listed

_LOCALES = ("en", "fr", "pt", "ar", "ar_MA", "ar_DZ", "ar_TN", "ar_MR", "ar_SY", "ar_LB")
_MORE_MONTHS = {
    1: "janv, كانون الثاني, يناير, جانفي, جانفيي",
    2: "févr, fev, شباط, فبراير, فيفري, فيبراير",
    3: "آذار, مارس, مارص",
    4: "avr, abr, نيسان, أبريل, ابريل, إبريل, أفريل, افريل, نيسن",
    5: "أيار, مايو, ماي, مي",
    6: "juin, حزيران, يونيو, يونيه, جوان, يونية",
    7: "juil, تموز, يوليو, يوليه, يوليوز, جويلية, جويليه, يولية",
    8: "aout, ago, آب, أغسطس, اغسطس, أوت, اوت, غشت, أغشت, اغشت",
    9: "sept, set, أيلول, سبتمبر, شتنبر, شتمبر, شتمبير, سيبتمبر",
    10: "out, تشرين الأول, أكتوبر, اكتوبر, أوكتوبر, تشرين اول",
    11: "تشرين الثاني, نوفمبر, نونبر, نوفنبر",
    12: "dez, كانون الأول, ديسمبر, دجنبر, دجمبر, ديسنبر, ديسمبير",
}
_MORE_WEEKDAYS = {
    0: "mon, lun, seg, segunda, segunda feira, 2a feira, الاثنين, الإثنين, اثنين",
    1: "tue, tues, terça, terca feira, terça feira, 3a feira, الثلاثاء, ثلاثاء, التلات",
    2: "wed, mer, qua, quarta, quarta feira, 4a feira, الأربعاء, أربعاء, الاربع",
    3: "thu, thur, thurs, jeu, qui, quinta, quinta feira, 5a feira, الخميس, خميس",
    4: "fri, ven, sex, sexta, sexta feira, 6a feira, الجمعة, جمعة",
    5: "sat, sam, sab, sábado, السبت, سبت",
    6: "sun, dim, dom, domingo, الأحد, أحد",
}


def _names(known: dict[str, int], number: int, names: str) -> None:
    for name in names.split(","):
        known[fold(name).replace("-", " ").rstrip(".")] = number


def _months() -> dict[str, int]:
    known: dict[str, int] = {}
    for locale in _LOCALES:
        for width in ("wide", "abbreviated"):
            for number, name in get_month_names(width, locale=locale).items():
                _names(known, number, name)
    for number, names in _MORE_MONTHS.items():
        _names(known, number, names)
    return known


def _weekdays() -> dict[str, int]:
    known: dict[str, int] = {}
    for locale in ("en", "fr", "pt", "ar"):
        for number, name in get_day_names("wide", locale=locale).items():
            _names(known, number, name)
    for number, names in _MORE_WEEKDAYS.items():
        _names(known, number, names)
    return known


def _folded(table: dict[int, str]) -> dict[str, int]:
    return {fold(word).replace("-", " "): n for n, words in table.items() for word in words.split(",")}


MONTHS = _months()
WEEKDAYS = _weekdays()

DAYS = _folded(  # days from today
    {
        0: "today, this day, tonight, this morning, this afternoon, this evening,"
        " aujourd'hui, aujourd hui, auj, ce jour, ce matin, cet après-midi, ce soir,"
        " hoje, hoje mesmo, esta manhã, esta tarde, esta noite,"
        " اليوم, هذا اليوم, هذا الصباح, هذا المساء, الليلة, النهاردة, ليوم",
        -1: "yesterday, last night, yesterday evening, hier, hier soir, hier matin,"
        " ontem, ontem à noite, أمس, يوم أمس, البارحة, البارح, لبارح, امبارح",
        1: "tomorrow, tomorow, tmrw, tomorrow morning, demain, demain matin, amanhã, amanhã de manhã,"
        " غدا, غد, الغد, يوم غد, غدا صباحا, بكرة, غدوة",
        -2: "day before yesterday, the day before yesterday, avant-hier, anteontem, antes de ontem,"
        " أول أمس, أول البارحة, قبل أمس, قبل يومين",
        2: "day after tomorrow, the day after tomorrow, after tomorrow, après-demain, depois de amanhã,"
        " بعد غد, بعد الغد, بعد غدا, بعد بكرة",
    }
)
MONTH_ENDS = frozenset(
    listed(
        "end of month, end of the month, the end of the month, month end, last day of the month,"
        " fin du mois, fin de mois, à la fin du mois, la fin du mois, dernier jour du mois,"
        " fim do mês, final do mês, no fim do mês, último dia do mês,"
        " نهاية الشهر, آخر الشهر, في نهاية الشهر, نهاية هذا الشهر"
    )
)
UNITS = _folded(  # days
    {
        1: "day, days, jour, jours, dia, dias, يوم, أيام, ايام, يوما",
        7: "week, weeks, semaine, semaines, semana, semanas, أسبوع, أسابيع, اسبوع, اسابيع, أسبوعا",
        -2: "يومين, يومان",  # two days in one word
        -14: "أسبوعين, أسبوعان",
    }
)
AHEAD = listed("in, within, dans, d'ici, daqui a, dentro de, em, daqui, بعد, في غضون")
AGO = listed("il y a, há, ha, faz, قبل, منذ")
AGO_AFTER = listed("ago, before, earlier, plus tôt, atrás, مضت, مضى")
AHEAD_AFTER = listed("from now, from today, later, plus tard, à partir de hoje, من الآن")
NEXT = frozenset(
    listed(
        "next, coming, prochain, prochaine, qui vient, que vem, próximo, próxima, na próxima, no próximo,"
        " القادم, القادمة, المقبل, المقبلة, الجاي, الجاية, التالي, التالية"
    )
)
LAST = frozenset(
    listed(
        "last, past, dernier, dernière, passé, passée, passado, passada, último, última, na última,"
        " الماضي, الماضية, الفائت, الفائتة, اللي فات, السابق, المنصرم"
    )
)
THIS = frozenset(listed("this, ce, cet, cette, este, esta, neste, nesta, هذا, هذه, هاد"))
FIRST = frozenset(listed("first, premier, primeiro, أول, فاتح"))  # of the month
FILLERS = frozenset(
    listed(
        "on, the, of, at, it was, was, day, date, month, year, le, la, les, du, de, d', jour, mois, année,"
        " an, c'était, o, a, em, no, na, do, da, dia, mês, ano, foi, يوم, نهار, في, من, شهر, سنة, عام, كان"
    )
)
