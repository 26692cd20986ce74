using Lightning.Admin.Engine.Registrations;

namespace Lightning.Admin.Engine.Operations;

/// <summary>Opens the rows of registrations.</summary>
static class RowsExtensions
{
    /// <summary>The rows that one administrator can reach.</summary>
    public static Rows Open(this Registration registration, AdminRequest request) =>
        registration.Accept(new Factory(request));

    sealed class Factory(AdminRequest request) : IRegistrationVisitor<Rows>
    {
        public Rows Visit<T>(AdminFor<T> registration)
            where T : class => new Rows<T>(registration, request);
    }
}
