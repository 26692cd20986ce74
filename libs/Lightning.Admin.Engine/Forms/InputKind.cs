namespace Lightning.Admin.Engine.Forms;

/// <summary>The kind of input.</summary>
public enum InputKind
{
    /// <summary>A single line of text.</summary>
    Text,

    /// <summary>Several lines of text.</summary>
    LongText,

    /// <summary>A list of values, one per line.</summary>
    List,

    /// <summary>A JSON document.</summary>
    Json,

    /// <summary>A number.</summary>
    Number,

    /// <summary>A checkbox.</summary>
    Checkbox,

    /// <summary>A choice among a few values.</summary>
    Choice,

    /// <summary>A date and time (UTC).</summary>
    DateTime,

    /// <summary>A date.</summary>
    Date,

    /// <summary>A related row, picked by searching.</summary>
    Relation,

    /// <summary>Any number of related rows, picked by searching.</summary>
    ManyRelations,
}
