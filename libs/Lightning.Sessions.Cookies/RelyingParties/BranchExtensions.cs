using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Lightning.Sessions.Cookies.RelyingParties;

static class BranchExtensions
{
    /// <summary>
    /// Adds middleware for some requests only. With <c>UseWhen</c> alone the host does not see authentication and
    /// authorization in the branch, and adds them again for every request.
    /// </summary>
    public static void UseBranch(
        this IApplicationBuilder app,
        Func<HttpContext, bool> predicate,
        Action<IApplicationBuilder> configure
    ) => app.UseWhen(predicate, branch => configure(new Branch(app, branch)));

    /// <summary>Adds middleware to the branch, and properties to the application.</summary>
    sealed class Branch(IApplicationBuilder app, IApplicationBuilder branch) : IApplicationBuilder
    {
        public IServiceProvider ApplicationServices
        {
            get => branch.ApplicationServices;
            set => branch.ApplicationServices = value;
        }

        public IFeatureCollection ServerFeatures => branch.ServerFeatures;

        public IDictionary<string, object?> Properties => app.Properties;

        public IApplicationBuilder Use(Func<RequestDelegate, RequestDelegate> middleware)
        {
            branch.Use(middleware);
            return this;
        }

        public IApplicationBuilder New() => branch.New();

        public RequestDelegate Build() => branch.Build();
    }
}
