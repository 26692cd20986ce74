using ArchUnitNET.Fluent.Slices;
using ArchUnitNET.Loader;
using ArchUnitNET.xUnitV3;
using Assembly = System.Reflection.Assembly;

namespace Lightning.Architecture.Tests;

/// <summary>Holds the folders of each project free of cycles: a folder is a namespace.</summary>
public sealed class FolderTests
{
    [Theory]
    [InlineData("Lightning.Admin")]
    [InlineData("Lightning.Admin.Engine")]
    [InlineData("Lightning.Api")]
    [InlineData("Lightning.AppHost")]
    [InlineData("Lightning.Authorization")]
    [InlineData("Lightning.Bff")]
    [InlineData("Lightning.Data")]
    [InlineData("Lightning.Identity")]
    [InlineData("Lightning.Manage")]
    [InlineData("Lightning.ServiceDefaults")]
    [InlineData("Lightning.Sessions")]
    [InlineData("Lightning.Sessions.Bearer")]
    [InlineData("Lightning.Sessions.Cookies")]
    public void Folders_of_a_project_form_no_cycle(string project)
    {
        var architecture = new ArchLoader().LoadAssemblies(Assembly.Load(project)).Build();

        SliceRuleDefinition.Slices().Matching($"{project}.(**)").Should().BeFreeOfCycles().Check(architecture);
    }
}
