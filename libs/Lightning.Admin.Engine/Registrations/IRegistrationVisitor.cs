namespace Lightning.Admin.Engine.Registrations;

/// <summary>Generic code for a registration whose entity type is known only at run time.</summary>
/// <typeparam name="TResult">The result.</typeparam>
interface IRegistrationVisitor<out TResult>
{
    TResult Visit<T>(AdminFor<T> registration)
        where T : class;
}
