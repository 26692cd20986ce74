using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Lightning.AppHost.Tests;

/// <summary>
/// Which members of the real packages Lightning uses, as its compiled assemblies refer to them: the whole surface that the polyfills have to have.
/// It stands in polyfills/API.md, and grows only when that list does. <c>LIGHTNING_WRITE_API=1</c> writes it anew.
/// </summary>
public sealed class PolyfillSurfaceTests
{
    [Fact]
    public async Task Members_OfRealPackagesThatLightningUses_AreThoseListed()
    {
        var root = Root();
        var list = Path.Combine(root, "polyfills", "API.md");
        var packages = Directory.GetFiles(Path.Combine(root, "polyfills"), "*.csproj", SearchOption.AllDirectories).Select(Path.GetFileNameWithoutExtension).ToHashSet();
        var used = new SortedDictionary<string, SortedSet<string>>(StringComparer.Ordinal);
        var assemblies = Assemblies(root);
        assemblies.Length.ShouldBe(9, string.Join(", ", assemblies));
        foreach (var assembly in assemblies)
        {
            foreach (var (package, member) in References.Of(assembly).Where(reference => packages.Contains(reference.Package)))
            {
                if (!used.TryGetValue(package, out var members)) used.Add(package, members = new(StringComparer.Ordinal));
                members.Add(member);
            }
        }

        used.Keys.ShouldContain("Aspire.Hosting.AppHost");
        used["Aspire.Hosting.AppHost"].ShouldContain("Aspire.Hosting.DistributedApplication.CreateBuilder(String[])");
        var text = $"""
            # What Lightning uses of the packages that polyfills stand in for

            Read from the references of Lightning's compiled assemblies, and kept by a test: `LIGHTNING_WRITE_API=1 dotnet test tests/Lightning.AppHost.Tests`
            writes it anew. A polyfill needs no more than this; whatever is added here must be in the real package by that very name and signature.
            {string.Concat(used.Select(package => $"\n## {package.Key}\n\n{string.Concat(package.Value.Select(member => $"- `{member}`\n"))}"))}
            """.ReplaceLineEndings("\n").TrimEnd() + "\n";
        if (Environment.GetEnvironmentVariable("LIGHTNING_WRITE_API") == "1") await File.WriteAllTextAsync(list, text, TestContext.Current.CancellationToken);
        var listed = Members(await File.ReadAllTextAsync(list, TestContext.Current.CancellationToken));
        var now = Members(text);
        now.Except(listed).ShouldBeEmpty("these are used and not listed in polyfills/API.md");
        listed.Except(now).ShouldBeEmpty("these are listed in polyfills/API.md and no longer used");
    }

    [Fact]
    public void Sources_OutsideThePolyfills_DoNotKnowWhetherTheyAreOn()
    {
        var sources = Directory.GetDirectories(Root(), "Lightning.*").SelectMany(folder => Directory.GetFiles(folder, "*.cs", SearchOption.AllDirectories))
            .Where(source => !source.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal) && !source.Contains("node_modules", StringComparison.Ordinal)).ToArray();
        sources.Length.ShouldBeGreaterThan(100);
        sources.Where(source => File.ReadLines(source).Any(line => line.TrimStart().StartsWith("#if", StringComparison.Ordinal) || line.Contains("UsePolyfills", StringComparison.OrdinalIgnoreCase))).ShouldBeEmpty();
    }

    static HashSet<string> Members(string text)
    {
        var package = "";
        var members = new HashSet<string>(StringComparer.Ordinal);
        foreach (var line in text.Split('\n'))
        {
            if (line.StartsWith("## ", StringComparison.Ordinal)) package = line[3..];
            else if (line.StartsWith("- ", StringComparison.Ordinal)) members.Add($"{package}: {line[2..]}");
        }

        return members;
    }

    /// <summary>What Lightning's own projects were built to, in this test's configuration.</summary>
    static string[] Assemblies(string root)
    {
        var output = new DirectoryInfo(AppContext.BaseDirectory);
        return [.. Directory.GetFiles(root, "*.csproj", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 1 })
            .Where(project => Path.GetFileName(project).StartsWith("Lightning.", StringComparison.Ordinal))
            .Select(project => Path.Combine(Path.GetDirectoryName(project)!, "bin", output.Parent!.Name, output.Name, Path.ChangeExtension(Path.GetFileName(project), "dll")))
            .Where(File.Exists).Order(StringComparer.Ordinal)];
    }

    static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Lightning.sln"))) folder = folder.Parent!;
        return folder.FullName;
    }

    /// <summary>The references of a compiled assembly to members of others, as text.</summary>
    sealed class References(MetadataReader metadata) : ISignatureTypeProvider<string, object?>
    {
        public static List<(string Package, string Member)> Of(string path)
        {
            using var file = new PEReader(File.OpenRead(path));
            var references = new References(file.GetMetadataReader());
            return [.. references.All()];
        }

        IEnumerable<(string, string)> All()
        {
            foreach (var handle in metadata.MemberReferences)
            {
                var member = metadata.GetMemberReference(handle);
                var (owner, package) = Owner(member.Parent);
                if (package is null) continue;
                var name = metadata.GetString(member.Name);
                yield return (package, member.GetKind() == MemberReferenceKind.Field ? $"{owner}.{name}" : $"{owner}.{Method(name, member.DecodeMethodSignature(this, null))}");
            }

            // A type that is implemented, inherited or named without a member of it being called.
            foreach (var handle in metadata.TypeReferences)
            {
                if (Package(handle) is { } package) yield return (package, $"{NameOf(handle)} (type)");
            }
        }

        static string Method(string name, MethodSignature<string> signature) =>
            $"{(name == ".ctor" ? "new" : name)}{(signature.GenericParameterCount > 0 ? $"<{signature.GenericParameterCount}>" : "")}({string.Join(", ", signature.ParameterTypes)})";

        (string Name, string? Package) Owner(EntityHandle parent) => parent.Kind switch
        {
            HandleKind.TypeReference => (NameOf((TypeReferenceHandle)parent), Package((TypeReferenceHandle)parent)),
            HandleKind.TypeSpecification => Constructed(metadata.GetTypeSpecification((TypeSpecificationHandle)parent)),
            _ => ("", null)
        };

        // Of a generic type the definition counts, not what it is made of here.
        (string, string?) Constructed(TypeSpecification specification)
        {
            var signature = metadata.GetBlobReader(specification.Signature);
            if (signature.ReadSignatureTypeCode() != SignatureTypeCode.GenericTypeInstance) return ("", null);
            signature.ReadSignatureTypeCode();
            var generic = signature.ReadTypeHandle();
            return generic.Kind == HandleKind.TypeReference ? Owner(generic) : ("", null);
        }

        string? Package(TypeReferenceHandle handle)
        {
            var scope = metadata.GetTypeReference(handle).ResolutionScope;
            return scope.Kind switch
            {
                HandleKind.AssemblyReference => metadata.GetString(metadata.GetAssemblyReference((AssemblyReferenceHandle)scope).Name),
                HandleKind.TypeReference => Package((TypeReferenceHandle)scope),
                _ => null
            };
        }

        string NameOf(TypeReferenceHandle handle)
        {
            var type = metadata.GetTypeReference(handle);
            var name = metadata.GetString(type.Name).Split('`')[0];
            if (type.ResolutionScope.Kind == HandleKind.TypeReference) return $"{NameOf((TypeReferenceHandle)type.ResolutionScope)}.{name}";
            var space = metadata.GetString(type.Namespace);
            return space.Length > 0 ? $"{space}.{name}" : name;
        }

        static string Short(string name) => name[(name.LastIndexOf('.') + 1)..];

        public string GetPrimitiveType(PrimitiveTypeCode typeCode) => typeCode.ToString();

        public string GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind) => Short(NameOf(handle));

        public string GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind) => reader.GetString(reader.GetTypeDefinition(handle).Name);

        public string GetTypeFromSpecification(MetadataReader reader, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind) =>
            reader.GetTypeSpecification(handle).DecodeSignature(this, genericContext);

        public string GetGenericInstantiation(string genericType, System.Collections.Immutable.ImmutableArray<string> typeArguments) => $"{genericType}<{string.Join(", ", typeArguments)}>";

        public string GetGenericMethodParameter(object? genericContext, int index) => $"T{index}";

        public string GetGenericTypeParameter(object? genericContext, int index) => $"U{index}";

        public string GetSZArrayType(string elementType) => $"{elementType}[]";

        public string GetArrayType(string elementType, ArrayShape shape) => $"{elementType}[,]";

        public string GetByReferenceType(string elementType) => $"ref {elementType}";

        public string GetPointerType(string elementType) => $"{elementType}*";

        public string GetPinnedType(string elementType) => elementType;

        public string GetModifiedType(string modifier, string unmodifiedType, bool isRequired) => unmodifiedType;

        public string GetFunctionPointerType(MethodSignature<string> signature) => "delegate*";
    }
}
