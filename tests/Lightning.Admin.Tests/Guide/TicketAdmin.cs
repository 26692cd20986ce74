using Lightning.Admin.Registrations;
using Lightning.Data.Rules;

namespace Lightning.Admin.Tests.Guide;

public sealed class TicketAdmin : AdminFor<Ticket>
{
    public TicketAdmin() : base("Tickets")
    {
        List(ticket => ticket.Title, ticket => ticket.Owner!.Email, ticket => ticket.IsOpen, ticket => ticket.CreatedAt);
        Search(ticket => ticket.Title).ServedBy("ix_tickets_words");
        Filter(ticket => ticket.CreatedAt).Filter(ticket => ticket.OwnerId);
        Edit(ticket => ticket.Title, ticket => ticket.Owner, ticket => ticket.IsOpen);
        Begins(saving => new Ticket { Title = "", CreatedAt = saving.Now });
        Deletable();
        Action("Close", Verb.Update, (tickets, _) =>
        {
            foreach (var ticket in tickets) ticket.IsOpen = false;
        }).When(ticket => ticket.IsOpen, "closed already").Asks("Close {count} tickets?");
    }
}
