"""The words of days in four languages: months of all Arabic-speaking countries, weekdays, distances."""

from bot.words import fold, listed


def _folded(table: dict[int, str]) -> dict[str, int]:
    return {fold(word).replace("-", " "): n for n, words in table.items() for word in words.split(",")}


# Written out: reading CLDR's files for these names takes 7 MiB that stay.
MONTHS = _folded(
    {
        1: "January, Jan, janvier, janv, janeiro, يناير, جانفي, كانون الثاني, جانفيي",
        2: "February, Feb, février, févr, fevereiro, fev, فبراير, فيفري, شباط, فيبراير",
        3: "March, Mar, mars, março, مارس, آذار, مارص",
        4: "April, Apr, avril, avr, abril, abr, أبريل, أفريل, نيسان, نيسن",
        5: "May, mai, maio, مايو, ماي, أيار, مي",
        6: "June, Jun, juin, junho, يونيو, جوان, حزيران, يونيه",
        7: "July, Jul, juillet, juil, julho, يوليو, يوليوز, جويلية, تموز, يوليه",
        8: "August, Aug, août, agosto, ago, أغسطس, غشت, أوت, أغشت, آب",
        9: "September, Sep, septembre, sept, setembro, set, سبتمبر, شتنبر, شتمبر, أيلول, شتمبير, سيبتمبر",
        10: "October, Oct, octobre, outubro, out, أكتوبر, تشرين الأول, أوكتوبر, تشرين اول",
        11: "November, Nov, novembre, novembro, نوفمبر, نونبر, تشرين الثاني, نوفنبر",
        12: "December, Dec, décembre, dezembro, dez, ديسمبر, دجنبر, دجمبر, كانون الأول, ديسنبر, ديسمبير",
    }
)
WEEKDAYS = _folded(
    {
        0: "Monday, lundi, segunda-feira, الاثنين, mon, lun, seg, segunda, 2a feira, اثنين",
        1: "Tuesday, mardi, terça-feira, الثلاثاء, tue, tues, terça, 3a feira, ثلاثاء, التلات",
        2: "Wednesday, mercredi, quarta-feira, الأربعاء, wed, mer, qua, quarta, 4a feira, أربعاء, الاربع",
        3: "Thursday, jeudi, quinta-feira, الخميس, thu, thur, thurs, jeu, qui, quinta, 5a feira, خميس",
        4: "Friday, vendredi, sexta-feira, الجمعة, fri, ven, sex, sexta, 6a feira, جمعة",
        5: "Saturday, samedi, sábado, السبت, sat, sam, sab, سبت",
        6: "Sunday, dimanche, domingo, الأحد, sun, dim, dom, أحد",
    }
)

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
