using Lightning.Admin.Engine.Registrations;
using Lightning.Authorization;

namespace Lightning.Admin.Tests.Guide;

public sealed class TicketAdmin : AdminFor<Ticket>
{
    public TicketAdmin()
        : base("Tickets")
    {
        List(
            ticket => ticket.Title,
            ticket => ticket.Owner!.Email,
            ticket => ticket.IsOpen,
            ticket => ticket.CreatedAt
        );
        Search(ticket => ticket.Title).UsingIndex("ix_tickets_words");
        Filter(ticket => ticket.CreatedAt).Filter(ticket => ticket.OwnerId);
        Edit(ticket => ticket.Title, ticket => ticket.Owner, ticket => ticket.IsOpen);
        CreateWith(context => new Ticket { Title = "", CreatedAt = context.Now });
        Deletable();
        Action(
                "Close",
                Verb.Update,
                (tickets, _) =>
                {
                    foreach (var ticket in tickets)
                        ticket.IsOpen = false;
                }
            )
            .When(ticket => ticket.IsOpen, "closed already")
            .Confirm("Close {count} tickets?");
    }
}
