using Lightning.Authorization;

namespace Lightning.Admin.Tests.Guide;

public sealed class TicketPolicy : Policy<Ticket>
{
    public TicketPolicy()
    {
        Allow(Verb.Read, Is.Admin);
        Allow(Verb.Create, Is.Admin).Fields(ticket => ticket.Title, ticket => ticket.Owner);
        Allow(Verb.Update, Is.Admin).Fields(ticket => ticket.Title, ticket => ticket.Owner, ticket => ticket.IsOpen);
        Allow(Verb.Delete, Is.Admin);
    }
}
