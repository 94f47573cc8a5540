/*
 * trash.c: the mailbox for what is deleted, by the names that it has
 *
 * Exchange on premises, and old servers, have no SPECIAL-USE.  The folder is
 * made in the language of the user's first program, and keeps that name.
 */
#include <stddef.h>

#include "trash.h"

/* What servers, mail programs and webmailers call it; the surest first. */
static const char *const names[] = {
	"Trash",
	"Deleted Items",		/* Exchange, Outlook */
	"Deleted Messages",		/* Apple */
	"Deleted",
	"Bin",
	"Trash Can",
	/* Exchange and Outlook in other languages */
	"Gelöschte Elemente", "Gelöschte Objekte",
	"Éléments supprimés",
	"Elementos eliminados",
	"Elementi eliminati", "Posta eliminata",
	"Verwijderde items",
	"Itens Excluídos", "Itens Eliminados",
	"Slettet post", "Slettede elementer",
	"Borttagna objekt", "Borttaget",
	"Poistetut", "Poistetut kohteet",
	"Elementy usunięte",
	"Odstraněná pošta", "Odstraněné položky",
	"Odstránené položky", "Odstránená pošta",
	"Törölt elemek",
	"Elemente șterse", "Elemente şterse",
	"Izbrisane stavke", "Izbrisano", "Izbrisani elementi",
	"Избрисане ставке",
	"Kustutatud üksused",
	"Izdzēstie vienumi",
	"Ištrinti elementai", "Panaikinti elementai",
	"Удаленные", "Удалённые",
	"Видалені", "Видалені елементи",
	"Изтрити", "Изтрити елементи",
	"Διαγραμμένα", "Διαγραμμένα στοιχεία",
	"Silinmiş Öğeler", "Silinmiş",
	"Elements suprimits",
	"Ezabatutako elementuak",
	"Eyddum hlutum", "Eydd atriði",
	"פריטים שנמחקו",
	"العناصر المحذوفة",
	"已删除邮件", "已删除", "刪除的郵件",
	"削除済みアイテム",
	"지운 편지함",
	"รายการที่ถูกลบ",
	"Mục đã xóa",
	/* Thunderbird and webmailers in other languages */
	"Papierkorb", "Corbeille", "Papelera", "Cestino", "Lixeira",
	"Prullenbak", "Papperskorgen", "Papperskorg", "Papirkurv",
	"Papirkurven", "Roskakori", "Kosz", "Koš", "Kôš", "Kuka", "Lomtár",
	"Smeće", "Coș de gunoi", "Prügikast", "Atkritne", "Šiukšliadėžė",
	"Paperera", "Корзина", "Кошик", "Кошче", "Смеће", "Κάδος",
	"Κάδος απορριμμάτων", "Çöp", "Çöp Kutusu", "ゴミ箱", "휴지통",
	"垃圾桶", "回收站"
};

int
trash_rank(struct str name, char sep)
{
	struct str rest = name, first;
	size_t i;

	if (sep != '\0') {
		first = str_cut(&rest, sep);
		if (rest.p != NULL && str_is(first, "INBOX"))
			name = rest;
	}
	for (i = 0; i < sizeof names / sizeof *names; i++)
		if (str_is(name, names[i]))
			return (int)i + 1;
	return 0;
}
